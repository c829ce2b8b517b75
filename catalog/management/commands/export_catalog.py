from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import Shop
from catalog.services import drafting
from marketflow.core.progress import Progress


class Command(BaseCommand):
    help = (
        "Write a shop's products to standard output as CSV. Imported again, they are the same "
        "products. What is said about it goes to standard error."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--shop", required=True, metavar="SLUG")
        parser.add_argument("--format", choices=list(drafting.LINES), default="marketflow")

    def handle(self, *args: Any, shop: str, format: str, **options: Any) -> None:
        seller = Shop.objects.filter(slug=shop).first()
        if seller is None:
            raise CommandError(f"There is no shop “{shop}”.")
        products = drafting.exported(seller).count()
        left_out = seller.products.count() - products
        rows = -1  # The header is none.
        with Progress("products", products) as progress:
            for record in drafting.export_lines(seller, format, progress.reach):
                self.stdout.write(record, ending="")
                rows += 1
        if left_out:
            self.stderr.write(f"{left_out:,} products that have nothing for sale were left out.")
        self.stderr.write(f"Exported {products:,} products in {rows:,} rows ({format}).")
