from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog.models import Category
from catalog.services import taxonomy
from marketflow.core.progress import Progress

MOST_BYTES = 20_000_000


class Command(BaseCommand):
    help = (
        "Load a category tree in the text format of Google's product taxonomy, with or without "
        "ids. What is there already is kept; the same file again changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        lines = self._lines(file)
        try:
            with Progress("categories", len(lines)) as progress:
                loaded = taxonomy.load(_watched(lines, progress))
        except taxonomy.BadTaxonomy as refusal:
            raise CommandError(f"{refusal.message} Nothing was loaded.") from refusal
        if not loaded.lines:
            raise CommandError("The file holds no category. Nothing was loaded.")
        roots = Category.objects.filter(depth=1).count()
        self.stdout.write(
            f"{loaded.lines:,} categories: {loaded.created:,} new, {loaded.changed:,} changed, "
            f"{loaded.unchanged:,} unchanged. The tree has {Category.objects.count():,}, "
            f"{roots:,} of them roots."
        )

    def _lines(self, file: Path) -> list[str]:
        try:
            if file.stat().st_size > MOST_BYTES:
                raise CommandError("The file is too large for a taxonomy. Nothing was loaded.")
            return file.read_text(encoding="utf-8-sig").split("\n")
        except OSError as problem:
            raise CommandError(f"{file} can't be read: {problem.strerror}.") from problem
        except UnicodeDecodeError as problem:
            raise CommandError("The file is not UTF-8 text. Nothing was loaded.") from problem


def _watched(lines: list[str], progress: Progress):
    for number, line in enumerate(lines, 1):
        yield line
        progress.reach(number)
