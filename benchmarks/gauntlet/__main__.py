"""`make gauntlet`, `make gauntlet ARGS="A1 A2 --seed 3 --scale 0.1"`."""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sys
import time

import django

from benchmarks.gauntlet import rig as rigs
from benchmarks.gauntlet.figures import FIGURES
from benchmarks.gauntlet.figures.figure import Size
from benchmarks.machine import commit
from tests.servers import NoServer


def main(arguments: list[str]) -> int:
    # Ended by another program, it still ends what it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options = parsed(arguments)
    size = Size(seed=options.seed, scale=options.scale)
    failed: list[str] = []
    try:
        with rigs.running(options.provider) as rig:
            header(rig, size)
            for name in options.figures or FIGURES:
                failed += run(name, rig, size)
    except NoServer as problem:
        # A figure that did not run proves nothing.
        print(f"THE GAUNTLET DID NOT RUN: {problem}")
        return 1
    words = f"FAILED: {', '.join(failed)}" if failed else "every promise was kept"
    print(f"\nseed {size.seed}, scale {size.scale:g}: {words}.")
    return 1 if failed else 0


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make gauntlet", description=__doc__)
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=", ".join(FIGURES))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale", type=float, default=1.0, help="of the full size, such as 0.1")
    parser.add_argument("--provider", choices=["stripe", "test"], default="stripe")
    options = parser.parse_args(arguments)
    options.figures = [name.upper() for name in options.figures]
    if unknown := set(options.figures) - FIGURES.keys():
        parser.error(f"no figure {sorted(unknown)[0]}: expected {', '.join(FIGURES)}")
    return options


def header(rig: rigs.Rig, size: Size) -> None:
    versions = [
        f"Python {platform.python_version()}",
        f"Django {django.__version__}",
        f"PostgreSQL {rig.cluster.version()}",
        f"Redis {rig.redis_version()}",
    ]
    print(f"{time.strftime('%Y-%m-%d %H:%M')}, {commit()}, {', '.join(versions)}")
    print(
        f"seed {size.seed}, scale {size.scale:g}, {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]:.1f}, payments by {rig.provider}",
        flush=True,
    )


def run(name: str, rig: rigs.Rig, size: Size) -> list[str]:
    """Run one figure and print its verdicts. Returns the names of the parts that failed."""
    print(f"\n{name}  {(FIGURES[name].__doc__ or '').strip()}", flush=True)
    failed, started = [], time.monotonic()
    for part, judge in FIGURES[name](rig, size):
        title = f"{name} {part}".strip()
        seconds, started = time.monotonic() - started, time.monotonic()
        print(f"  {'FAIL' if judge.problems else 'ok':<5} {title} ({seconds:.0f} s)")
        for what, fact in judge.facts.items():
            print(f"          {what}: {fact}")
        for problem in judge.problems:
            print(f"    WRONG {problem}")
        sys.stdout.flush()
        failed += [title] if judge.problems else []
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
