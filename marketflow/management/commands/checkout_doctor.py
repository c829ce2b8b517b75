from __future__ import annotations

import logging
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from marketflow.core.progress import Progress
from marketflow.management.diagnoses import DIAGNOSES, Case, Diagnosis

logger = logging.getLogger(__name__)

MOST_NAMED = 20


class Command(BaseCommand):
    help = (
        "Find what went wrong between order, stock and money, and heal it with --fix: "
        + "; ".join(f"{known.name} ({known.title})" for known in DIAGNOSES)
        + ". Exit code 1 while anything is left unhealed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--fix", action="store_true", help="heal what can be healed")

    def handle(self, *args: Any, fix: bool, **options: Any) -> None:
        found = healed = 0
        for diagnosis in DIAGNOSES:
            cases = list(diagnosis.find())
            left = self._treat(diagnosis, cases) if fix and diagnosis.heal else cases
            found, healed = found + len(cases), healed + len(cases) - len(left)
            self._report(diagnosis, cases, left)
        self.stdout.write(f"{found} found, {healed} healed, {found - healed} left.")
        if healed < found:
            raise SystemExit(1)

    def _treat(self, diagnosis: Diagnosis, cases: list[Case]) -> list[Case]:
        """Heal every case; return those that still suffer."""
        with Progress(diagnosis.name, len(cases)) as progress:
            for number, case in enumerate(cases, start=1):
                try:
                    diagnosis.heal(case.pk)
                except Exception:
                    # One that can't be healed must not keep the others waiting.
                    logger.exception("%s could not be healed: %s", diagnosis.name, case.words)
                progress.reach(number)
        suffering = {case.pk for case in diagnosis.find()}
        return [case for case in cases if case.pk in suffering]

    def _report(self, diagnosis: Diagnosis, cases: list[Case], left: list[Case]) -> None:
        word = "ok" if not cases else "LEFT" if left else "healed"
        self.stdout.write(f"{word:<7} {diagnosis.name}: {len(cases)} {diagnosis.title}")
        suffering = {case.pk for case in left}
        for case in cases[:MOST_NAMED]:
            self.stdout.write(
                f"        {'left' if case.pk in suffering else 'healed'}: {case.words}"
            )
        if len(cases) > MOST_NAMED:
            self.stdout.write(f"        and {len(cases) - MOST_NAMED} more")
