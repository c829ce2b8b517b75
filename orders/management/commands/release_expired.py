from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from orders.services import closing


class Command(BaseCommand):
    help = "Give back the stock of orders whose payment did not come in time."

    def handle(self, *args: Any, **options: Any) -> None:
        released = closing.release_expired()
        self.stdout.write(f"{released} expired orders released.")
