from __future__ import annotations

import contextlib
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from accounts.models import Shop
from catalog.models import ImportJob
from catalog.services.importing import jobs, reports
from catalog.services.importing.apply import Done
from catalog.services.importing.drafts import RowIssue, Severity
from catalog.services.importing.errors import FileRefused
from catalog.services.importing.formats import AUTO, FORMATS
from catalog.services.importing.plans import Outcome
from catalog.services.importing.texts import guard
from marketflow.core.progress import Progress

COLUMNS = ("row", "line", "severity", "product", "column", "code", "message")
MOST_REMARKS = 100
SIGNS = {Outcome.CREATED: "+", Outcome.UPDATED: "~", Outcome.ERROR: "!"}


class Command(BaseCommand):
    help = (
        "Import a seller's file of products into a shop. A bad row is reported with its line and "
        "reason and the rest goes in; the same file again changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--shop", required=True, metavar="SLUG")
        parser.add_argument("--format", choices=[AUTO, *FORMATS], default=AUTO)
        parser.add_argument(
            "--dry-run", action="store_true", help="show the difference and write nothing"
        )
        parser.add_argument(
            "--errors", type=Path, metavar="OUT.csv", help="write every remark to this file"
        )

    def handle(
        self, *args: Any, file: Path, shop: str, format: str, dry_run: bool, **options: Any
    ) -> None:
        seller = Shop.objects.filter(slug=shop).first()
        if seller is None:
            raise CommandError(f"There is no shop “{shop}”.")
        if not file.is_file():
            raise CommandError(f"There is no file {file}.")
        with self._remarks(options["errors"]) as remarks, Progress("rows") as progress:
            watcher = _Watcher(self, progress, remarks, shows_differences=dry_run)
            try:
                job = jobs.run(file, shop=seller, format=format, dry_run=dry_run, listener=watcher)
            except FileRefused as refusal:
                raise CommandError(f"{refusal.message} Nothing was imported.") from refusal
        if watcher.untold:
            self.stdout.write(f"… and {watcher.untold} more remarks; --errors writes them all.")
        self.stdout.write(_summary(job))
        if job.counts["errors"] and not job.counts["products"]:
            raise CommandError("Nothing of the file could be imported.")

    @contextlib.contextmanager
    def _remarks(self, path: Path | None) -> Iterator[csv.writer | None]:
        if path is None:
            yield None
            return
        try:
            file = path.open("w", encoding="utf-8-sig", newline="")
        except OSError as problem:
            raise CommandError(f"{path} can't be written: {problem.strerror}.") from problem
        with file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            yield writer


class _Watcher:
    """Prints the run as it goes: differences in a dry run, remarks always."""

    def __init__(
        self, command: Command, progress: Progress, remarks: Any, *, shows_differences: bool
    ) -> None:
        self.command = command
        self.bar = progress
        self.remarks = remarks
        self.shows_differences = shows_differences
        self.told = self.untold = 0

    def progress(self, done: int, total: int) -> None:
        self.bar.reach(done, total)

    def product(self, done: Done) -> None:
        if not self.shows_differences or done.outcome not in SIGNS:
            return
        draft = done.plan.draft
        title = draft.title or getattr(done.plan.product, "title", "")
        line = f"{SIGNS[done.outcome]} {draft.key}  {title}"
        if done.outcome == Outcome.CREATED:
            line += f"  ({len(done.plan.variants)} variants, {len(done.plan.pictures)} pictures)"
        self._say(line)
        for what, old, new in reports.differences(done.plan):
            self._say(f"    {what}: {old or '–'} → {new or '–'}")

    def issue(self, issue: RowIssue, handle: str = "") -> None:
        severity = Severity(issue.severity).value
        if self.remarks:
            cells = (issue.record, issue.line or "", severity, handle, issue.column, issue.code)
            self.remarks.writerow([guard(str(cell)) for cell in (*cells, issue.message)])
        if self.told >= MOST_REMARKS:
            self.untold += 1
            return
        self.told += 1
        place = f"line {issue.line}, row {issue.record}" if issue.line else f"row {issue.record}"
        about = f" [{handle}]" if handle else ""
        self._say(f"{place}: {severity}{about}: {issue.message}")

    def _say(self, line: str) -> None:
        # Above the bar, where there is one.
        with tqdm.external_write_mode(file=self.bar.stream):
            self.command.stdout.write(printable(line))


def printable(text: str) -> str:
    """Without what would move a terminal's cursor."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _summary(job: ImportJob) -> str:
    counts = job.counts
    verb = "Would import" if job.is_dry_run else "Imported"
    text = (
        f"{verb} {counts['products']:,} products, {counts['variants']:,} variants, "
        f"{counts['images']:,} image references from {counts['rows']:,} rows ({job.format}): "
        f"{counts['created']:,} new, {counts['updated']:,} changed, "
        f"{counts['unchanged']:,} unchanged; {counts['skipped']:,} rows skipped, "
        f"{counts['errors']:,} errors, {counts['warnings']:,} warnings."
    )
    return f"{text} Nothing was written." if job.is_dry_run else text
