from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from marketflow.core import invariants


class Command(BaseCommand):
    help = (
        "Prove the books: every invariant of stock, orders, payments and outbox, one line each. "
        "Exit code 1, naming the offending rows, if one fails."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, json: bool, **options: Any) -> None:
        findings = list(invariants.prove())
        broken = [finding for finding in findings if finding.rows]
        if json:
            self._print_json(findings)
        else:
            self._print_lines(findings)
        if broken:
            raise SystemExit(1)

    def _print_lines(self, findings: list[invariants.Finding]) -> None:
        for finding in findings:
            known = finding.invariant
            word = "FAIL" if finding.rows else "ok"
            self.stdout.write(f"{known.code:<4} {word:<5} {known.title}")
            for row in finding.rows:
                self.stdout.write("           " + ", ".join(f"{k}={v}" for k, v in row.items()))
        broken = sum(bool(finding.rows) for finding in findings)
        verdict = f"{broken} broken" if broken else "all hold"
        self.stdout.write(f"{len(findings)} invariants checked: {verdict}.")

    def _print_json(self, findings: list[invariants.Finding]) -> None:
        document = {
            "ok": not any(finding.rows for finding in findings),
            "invariants": [
                {
                    "code": finding.invariant.code,
                    "title": finding.invariant.title,
                    "ok": not finding.rows,
                    "rows": finding.rows,
                }
                for finding in findings
            ],
        }
        self.stdout.write(json.dumps(document, default=str, indent=2))
