"""A11: the ledger against a model of it, and the audit against forty corruptions and more."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from xml.etree import ElementTree

from benchmarks.gauntlet.figures.figure import Size, Verdict
from benchmarks.gauntlet.judge import Judge
from benchmarks.gauntlet.rig import ROOT, Rig
from tests.environment import names_of_settings

OPERATIONS, HISTORIES, CORRUPTIONS = 100_000, 1_000, 40
MODEL, AUDIT = "tests/books/test_machine.py", "tests/test_audit.py"


def a11(rig: Rig, size: Size) -> Iterator[Verdict]:
    """100,000 steps against an independent auditor; corruptions of every fact found and named."""
    # Half on each: what counts is what happened, not where.
    half = size.of(OPERATIONS // 2, at_least=200)
    for name, url in [("PostgreSQL", f"{rig.cluster.url}/books"), ("SQLite", "")]:
        told = run(rig, size, MODEL, url, BOOKS_OPERATIONS=str(half))
        judge = judged(rig, told)
        judge.at_least("operations", told.get("operations", 0), half)
        judge.at_least(
            "healthy histories", told.get("healthy histories", 0), size.of(HISTORIES // 2)
        )
        yield f"model on {name}", judge

        told = run(rig, size, AUDIT, url)
        judge = judged(rig, told)
        judge.at_least("corruptions named", told.get("corruptions", 0), CORRUPTIONS)
        yield f"corruptions on {name}", judge


def judged(rig: Rig, told: dict[str, int]) -> Judge:
    judge = Judge(rig)
    judge.equal("tests that failed", told["failed"], 0)
    return judge


def run(rig: Rig, size: Size, tests: str, url: str, **switches: str) -> dict[str, int]:
    """What the tests recorded, and how many failed. `url` is empty for SQLite."""
    report = rig.folder / "report.xml"
    report.unlink(missing_ok=True)
    kept = {n: v for n, v in os.environ.items() if n not in names_of_settings()}
    database = {"DATABASE_URL": url} if url else {}
    command = [sys.executable, "-m", "pytest", tests, "--create-db", f"--junitxml={report}"]
    command.append(f"--hypothesis-seed={size.seed}")
    subprocess.run(command, cwd=ROOT, env=kept | database | switches, check=False)
    suite = ElementTree.parse(report).getroot().find("testsuite")
    told = {p.get("name"): int(p.get("value")) for p in suite.iter("property")}
    failed = int(suite.get("failures")) + int(suite.get("errors"))
    return told | {"failed": failed, "tests": int(suite.get("tests"))}
