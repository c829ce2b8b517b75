"""Measure the production shape: `make bench` for pages and orders, or one part by its option.

--pages    what pages and lists cost, in pages of one row (benchmarks.pages)
--orders   placing an order, and a whole checkout (benchmarks.orders)
--sockets  a change told to a thousand open pages (benchmarks.sockets)

What is promised of pages and orders and not kept makes the exit status 1.
"""

from __future__ import annotations

import argparse
import sys

from benchmarks import orders, pages, sockets


def main(arguments: list[str]) -> int:
    options = parsed(arguments)
    if options.sockets:
        sockets.report(options.sockets)
        return 0
    missed = 0
    if not options.orders:
        missed = pages.report(options)
    if not options.pages:
        missed |= orders.report(options.checkouts)
    return missed


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--pages", action="store_true", help="pages only")
    parser.add_argument("--products", type=int, default=10_000, help="in the market")
    parser.add_argument("--rounds", type=int, default=5, help="whose median counts")
    parser.add_argument("--requests", type=int, default=200, help="for each page and round")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--orders", action="store_true", help="orders only")
    parser.add_argument("--checkouts", type=int, default=800, help="orders that are placed")
    parser.add_argument(
        "--sockets", type=int, nargs="?", const=1000, help="sockets only, so many of them"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
