from __future__ import annotations

import os
import sys
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
        try:
            rows = self._write(seller, format, products)
        except BrokenPipeError as problem:
            # Python would complain once more when it closes the pipe.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise CommandError("Whoever read the export stopped before its end.") from problem
        if left_out:
            self.stderr.write(f"{left_out:,} products that have nothing for sale were left out.")
        self.stderr.write(f"Exported {products:,} products in {rows:,} rows ({format}).")

    def _write(self, shop: Shop, format: str, products: int) -> int:
        """Write the file; how many rows it has, the header left out."""
        rows = -1
        with Progress("products", products) as progress:
            for record in drafting.export_lines(shop, format, progress.reach):
                self.stdout.write(record, ending="")
                rows += 1
        self.stdout.flush()
        return rows
