from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from accounts.models import Shop
from catalog.models import Product
from marketflow.demo import pictures
from marketflow.demo.market import Size, seed
from orders.models import Order


class Command(BaseCommand):
    help = (
        "Make the demo market at any size in an empty database: shops, products and a past, "
        "through the real services, so that its books balance."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        size = Size()
        parser.add_argument("--shops", type=int, default=size.shops)
        parser.add_argument("--products", type=int, default=size.products)
        parser.add_argument("--orders", type=int, default=size.orders)
        parser.add_argument("--days", type=int, default=size.days, help="how far back it goes")
        parser.add_argument("--seed", type=int, default=size.seed)
        parser.add_argument(
            "--pictures",
            type=int,
            default=0,
            help="draw pictures for so many of the newest products (two seconds each)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        names = ("shops", "products", "orders", "days", "seed")
        size = Size(**{name: options[name] for name in names})
        if min(size.shops, size.products, size.days) < 1 or size.orders < 0:
            raise CommandError("A market has at least one shop, one product and one day.")
        if Shop.objects.exists() or Product.objects.exists():
            raise CommandError("The database holds a market already. Use an empty one.")
        seed(size, self._progress)
        wanted = pictures.without_pictures(options["pictures"])
        step = self._progress("pictures", len(wanted))
        for pk in wanted:
            pictures.draw_for(pk)
            step(1)
        self.stdout.write(
            f"{Shop.objects.count()} shops, {Product.objects.count()} products, "
            f"{Order.objects.count()} orders."
        )

    def _progress(self, what: str, total: int) -> Callable[[int], None]:
        if sys.stdout.isatty():
            return tqdm(total=total, desc=what, unit="").update
        self.stdout.write(f"{what}: {total}")
        return lambda number: None
