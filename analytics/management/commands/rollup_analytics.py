from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.timezone import localdate

from analytics.services import affinities, rollups


class Command(BaseCommand):
    help = (
        "Count daily figures, and what is bought together, from the orders themselves. "
        "Running it twice changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="first", type=date.fromisoformat, metavar="DATE")
        parser.add_argument("--to", dest="last", type=date.fromisoformat, metavar="DATE")

    def handle(self, *args: Any, first: date | None, last: date | None, **options: Any) -> None:
        last = last or localdate()
        first = first or last - timedelta(days=1)
        if first > last:
            raise CommandError(f"--from {first} is after --to {last}.")
        days = rollups.rebuild(first, last)
        pairs = affinities.rebuild()
        self.stdout.write(f"{days} days counted, {first} to {last}; {pairs} pairs recommended.")
