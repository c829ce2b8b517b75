from __future__ import annotations

import base64

from cryptography.hazmat.primitives.asymmetric import ec
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Makes the key that signs web pushes, as a line for the environment."

    def handle(self, *args: object, **options: object) -> None:
        number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
        text = base64.urlsafe_b64encode(number.to_bytes(32, "big")).decode().rstrip("=")
        self.stdout.write(f"VAPID_PRIVATE_KEY={text}")
