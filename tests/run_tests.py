"""What `make test` runs: the whole suite twice, then what needs more of the machine.

Once embedded (SQLite, memory) and once on PostgreSQL and Redis, several tests at a time; then, on
those same servers, the browser tests; then the races and the servers of sockets one after the
other, and beside them the production processes one after the other. The servers start before
pytest, because pytest-django reads the settings before any conftest.py. The closing lines say what
was used, what was skipped and why.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from tests.servers import NoServer
from tests.servers.chromium import find_chromium
from tests.servers.chromium import version as chromium_version
from tests.servers.throwaway_postgres import own_database, postgresql
from tests.servers.throwaway_valkey import redis_server

ROOT = Path(__file__).resolve().parent.parent
# These are told apart by groups, which conftest.py sets.
ALONE = "races or processes"
BROWSER = f"browser and not ({ALONE})"
TOGETHER = f"not (browser or {ALONE})"
NOTHING_COLLECTED = 5
WORKERS = int(os.environ.get("TEST_WORKERS") or min(os.cpu_count() or 1, 8))


@dataclass
class Result:
    """What one pytest run came to."""

    name: str
    code: int
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    races: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    @property
    def broke_off(self) -> bool:
        """It ended otherwise than by passing, or by a failure that the report names."""
        return self.code not in (0, 1) or (self.code == 1 and not self.failed)

    def line(self) -> str:
        words = f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"
        if self.races:
            words += f" ({self.races} of them races)"
        return f"  {self.name:<28} {words}"


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    results, problems, used = [], [], [f"SQLite {sqlite3.sqlite_version}"]
    results.append(pytest("SQLite, embedded", {}, TOGETHER, arguments))
    try:
        with servers() as (urls, words):
            used += words
            results.append(pytest("PostgreSQL and Redis", urls, TOGETHER, arguments))
            results.append(pytest("in a browser", urls, BROWSER, arguments))
            results.append(pytest("by themselves", urls, ALONE, arguments, dist="loadgroup"))
    except NoServer as problem:
        problems.append(f"THE SUITE DID NOT RUN ON POSTGRESQL AND REDIS: {problem}")
    used.append(browser_words())
    problems += what_is_wrong(results, whole_suite=not arguments)
    report(results, problems, used)
    return 1 if problems or any(result.failed for result in results) else 0


@contextlib.contextmanager
def servers() -> Iterator[tuple[dict[str, str], list[str]]]:
    """Where both servers are, and how to call them."""
    with (
        postgresql() as database,
        own_database(database.url) as database_url,
        redis_server(max(WORKERS, 1)) as cache,
    ):
        urls = {
            "DATABASE_URL": database_url,
            "REDIS_URL": cache.url,
            # Read by tests/environment.py, one for each worker.
            "TEST_REDIS_DATABASES": ",".join(map(str, cache.databases)),
        }
        yield urls, [database.words, cache.words]


def pytest(
    name: str,
    urls: dict[str, str],
    marks: str,
    arguments: list[str],
    dist: str = "load",
) -> Result:
    print(f"\n=== {name}", flush=True)
    with tempfile.TemporaryDirectory(prefix="marketflow-report-") as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-m", marks, f"--junitxml={report}"]
        if WORKERS > 1:
            command += ["-n", str(WORKERS), "--dist", dist]
        # A developer's own servers must not slip into the embedded run.
        inherited = {n: v for n, v in os.environ.items() if n not in ("DATABASE_URL", "REDIS_URL")}
        code = subprocess.call([*command, *arguments], env=inherited | urls, cwd=ROOT)
        return counted(name, code, report)


def counted(name: str, code: int, report: Path) -> Result:
    result = Result(name, code)
    if not report.exists():
        return result
    for case in ElementTree.parse(report).iter("testcase"):
        skip = case.find("skipped")
        if skip is not None:
            result.skipped += 1
            result.reasons[skip.get("message") or "no reason given"] += 1
        elif case.find("failure") is not None or case.find("error") is not None:
            result.failed += 1
            result.failures.append(f"{case.get('classname')}::{case.get('name')} ({name})")
        else:
            result.passed += 1
            result.races += case.find("properties/property[@name='races']") is not None
    return result


def what_is_wrong(results: list[Result], whole_suite: bool) -> list[str]:
    problems = [
        f"pytest ended with code {result.code}: {result.name}"
        for result in results
        if result.broke_off and (whole_suite or result.code != NOTHING_COLLECTED)
    ]
    if not any(result.passed or result.failed for result in results):
        problems.append("no test ran")
    if whole_suite and not sum(result.races for result in results):
        problems.append("NO RACE PASSED: they need PostgreSQL, and without them nothing is proven")
    if os.environ.get("REQUIRE_CHROMIUM") and not find_chromium():
        problems.append("REQUIRE_CHROMIUM is set, and there is no Chromium")
    return problems


def browser_words() -> str:
    path = find_chromium()
    return f"{chromium_version(path)} ({path})" if path else "no Chromium"


def report(results: list[Result], problems: list[str], used: list[str]) -> None:
    print("\n" + "=" * 78)
    for result in results:
        print(result.line())
    if failures := [failure for result in results for failure in result.failures]:
        print("Failed:", *failures, sep="\n  ")
    reasons = sum((result.reasons for result in results), Counter())
    if reasons:
        print("Skipped:")
        for reason, count in reasons.most_common():
            print(f"  {count} × {reason}")
    print(f"Used: {'; '.join(used)}.")
    if not find_chromium():
        print("!" * 78)
        print("!!! NO CHROMIUM: THE BROWSER TESTS DID NOT RUN. Nothing above says that the pages")
        print("!!! work in a browser. Install chromium, or set CHROMIUM to its path.")
        print("!" * 78)
    for problem in problems:
        print(f"FAILED: {problem}")
    totals = [sum(getattr(r, name) for r in results) for name in ("passed", "failed", "skipped")]
    print("{} passed, {} failed, {} skipped".format(*totals))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
