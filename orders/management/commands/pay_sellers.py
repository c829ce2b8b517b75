from __future__ import annotations

from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from marketflow.core.money import Money
from orders.services import payouts
from orders.services.payouts import Swept


class Command(BaseCommand):
    help = "Pay out the cleared balances of shops whose payout period has ended."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="Say what would be paid, and pay nothing."
        )

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        totals: Counter[str] = Counter()
        count = failed = 0
        for swept in payouts.sweep(dry_run=dry_run):
            self.stdout.write(_line(swept))
            failed += swept.failed
            if swept.obstacle is None and not swept.failed:
                count += 1
                totals[swept.currency] += swept.amount_minor
        sums = ", ".join(str(Money(totals[currency], currency)) for currency in sorted(totals))
        words = "payouts would be made" if dry_run else "payouts made"
        summary = f"{count} {words}{': ' if sums else ''}{sums}."
        if failed:
            raise CommandError(f"{summary} {failed} failed: see the log.")
        self.stdout.write(summary)


def _line(swept: Swept) -> str:
    amount = Money(swept.amount_minor, swept.currency)
    if swept.failed:
        return f"{swept.shop.slug}: failed"
    if swept.obstacle is None:
        return f"{swept.shop.slug}: {amount}"
    return f"{swept.shop.slug}: {amount} not paid. {swept.obstacle.label}"
