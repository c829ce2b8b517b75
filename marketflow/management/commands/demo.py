from __future__ import annotations

import os
import sys
import threading
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog.models import Product
from marketflow.demo import pictures
from marketflow.demo.people import BUYER, PASSWORD, SELLER, STAFF

MOST_PICTURES = 240


class Command(BaseCommand):
    help = "Migrate, create the demo market if the database is empty, and serve it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument(
            "--prepare", action="store_true", help="make the market and stop before serving it"
        )

    def handle(self, *args: Any, host: str, port: int, prepare: bool, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("This database is not for show: set DEMO=1 to have a demo here.")
        _use_address(host, port)
        # Before anything else of Twisted: the import installs the asyncio reactor.
        from daphne.server import Server

        call_command("migrate", verbosity=0)
        if not Product.objects.exists():
            self.stdout.write(
                "Making the demo market, once. On a slow machine this takes minutes."
            )
            call_command("seed_market", stdout=self.stdout)
        if prepare:
            self.stdout.write("The demo market is ready.")
            return
        self._welcome(host, port)
        self._behind_the_site()
        from marketflow.asgi import application

        endpoint = f"tcp:port={port}:interface={host}"
        Server(application=application, endpoints=[endpoint], signal_handlers=True).run()

    def _behind_the_site(self) -> None:
        from marketflow import embedded

        if settings.CELERY_TASK_ALWAYS_EAGER:
            embedded.start_beat()
        threading.Thread(
            target=pictures.draw_missing, args=[MOST_PICTURES], daemon=True, name="demo-pictures"
        ).start()

    def _welcome(self, host: str, port: int) -> None:
        self.stdout.write(f"\nMarketFlow is at http://{host}:{port}/\n\n")
        self.stdout.write(f"Sign in with the password {PASSWORD}:")
        for (email, name), role in ((BUYER, "buyer"), (SELLER, "seller"), (STAFF, "staff")):
            where = {"buyer": "/account/", "seller": "/seller/", "staff": "/admin/"}[role]
            self.stdout.write(f"  {email:<18} {name}, {role}: {where}")
        self.stdout.write("\nCard 4242 4242 4242 4242 pays. Ctrl+C stops the market.")
        self.stdout.flush()


def _use_address(host: str, port: int) -> None:
    """Links and sockets need the address that people will use; settings are read once."""
    if "SITE_URL" in os.environ or f"http://{host}:{port}" == settings.SITE_URL:
        return
    os.environ["SITE_URL"] = f"http://{host}:{port}"
    os.execv(sys.executable, [sys.executable, *sys.argv])
