from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from marketflow.core import events
from marketflow.core.progress import Progress
from orders import gateways
from orders.management import storm
from orders.models import Order
from orders.services import closing, rehearsal
from orders.services.rehearsal import Buyer


class Command(BaseCommand):
    help = (
        "Let real buyers race for real stock in the configured database, then prove the books. "
        "Each buyer is a guest who orders one unit and pays by test card, in a thread with a "
        "connection of its own. The shop, its goods and the buyers are made for it and nobody is "
        "written to. Afterwards the shop is suspended and its goods are archived; the orders "
        "stay, sold and paid, as all books do (cancelled where no test card is taken), so run it "
        "where such sales may stand. Exit code 1 when more or less was sold than there was, a "
        "buyer got no definite answer, or the audit fails."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--buyers", type=int, required=True, help="each orders one unit")
        parser.add_argument("--stock", type=int, required=True, help="units in all")
        parser.add_argument("--skus", type=int, default=1, help="variants that share the stock")
        parser.add_argument(
            "--at-once", type=int, default=32, help="threads, each with a connection (default 32)"
        )

    def handle(
        self, *args: Any, buyers: int, stock: int, skus: int, at_once: int, **options: Any
    ) -> None:
        if min(buyers, skus, at_once) < 1 or stock < 0:
            raise CommandError("--buyers, --skus and --at-once start at 1, --stock at 0.")
        with events.held():
            variants = rehearsal.open_shop(stock, skus)
            guests = rehearsal.invite([[variants[n % skus]] for n in range(buyers)])
        with Progress("buyers", buyers) as progress:
            outcomes, seconds = storm.blow(
                guests, at_once=min(at_once, buyers), reached=progress.reach
            )

        self._report(outcomes, seconds)
        problems = self._problems(outcomes, expected(guests), guests)
        self._tidy_up(guests)
        if not self._books_balance():
            problems.append("the audit fails")
        for problem in problems:
            self.stdout.write(f"WRONG: {problem}")
        sold = count(outcomes, storm.SOLD)
        verdict = "and something is wrong" if problems else "and the books balance"
        self.stdout.write(f"{sold} of {stock} units sold to {buyers} buyers, {verdict}.")
        if problems:
            raise SystemExit(1)

    def _report(self, outcomes: list[storm.Outcome], seconds: float) -> None:
        sold, refused = count(outcomes, storm.SOLD), count(outcomes, storm.REFUSED)
        p50, p99 = storm.percentiles(outcomes)
        self.stdout.write(f"sold      {sold:>8,}")
        self.stdout.write(f"refused   {refused:>8,}")
        self.stdout.write(f"failed    {count(outcomes, storm.FAILED):>8,}")
        self.stdout.write(
            f"orders/s  {sold / seconds:>8.1f}   (answers/s {len(outcomes) / seconds:.1f})"
        )
        self.stdout.write(f"p50 ms    {p50:>8.1f}")
        self.stdout.write(f"p99 ms    {p99:>8.1f}")

    def _problems(
        self, outcomes: list[storm.Outcome], expected: int, guests: list[Buyer]
    ) -> list[str]:
        problems = sorted({outcome.problem for outcome in outcomes if outcome.problem})
        sold = count(outcomes, storm.SOLD)
        written = Order.objects.filter(cart__in=[guest.cart.pk for guest in guests]).count()
        if len(outcomes) != len(guests):
            problems.append(f"{len(guests) - len(outcomes)} buyers got no answer")
        if sold != expected:
            problems.append(f"{sold} units sold, {expected} could be")
        if written != sold:
            problems.append(f"{written} orders written for {sold} that were told of one")
        return problems

    def _tidy_up(self, guests: list[Buyer]) -> None:
        carts = [guest.cart.pk for guest in guests]
        with events.held():
            if gateways.named("test") is None:
                for order in Order.objects.filter(cart__in=carts).order_by("pk"):
                    closing.cancel(order=order)
            rehearsal.close_shop(guests[0].variants[0].shop)
        events.nudge()

    def _books_balance(self) -> bool:
        try:
            call_command("audit", stdout=self.stdout)
        except SystemExit:
            return False
        return True


def expected(guests: list[Buyer]) -> int:
    """Units that can be sold: of each variant as many as are there, or as buyers want."""
    wanted: dict[int, int] = {}
    free: dict[int, int] = {}
    for guest in guests:
        (variant,) = guest.variants
        wanted[variant.pk] = wanted.get(variant.pk, 0) + 1
        free[variant.pk] = variant.stock_item.available
    return sum(min(free[pk], number) for pk, number in wanted.items())


def count(outcomes: list[storm.Outcome], kind: str) -> int:
    return sum(outcome.kind == kind for outcome in outcomes)
