"""`python -m tests.psp_sim --port 12111 --books FILE --webhook-url URL --webhook-secret TEXT`"""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path

from tests.psp_sim import hosted  # noqa: F401 - registers its addresses
from tests.psp_sim.server import Simulator


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests.psp_sim", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--books", type=Path, required=True, help="its own SQLite file")
    parser.add_argument("--webhook-url", default="", help="where events go; none without")
    parser.add_argument("--webhook-secret", default="whsec_simulated")
    parser.add_argument("--faults", type=json.loads, default=[], help="JSON list, see faults.py")
    options = parser.parse_args()
    asyncio.run(_run(options))


async def _run(options: argparse.Namespace) -> None:
    simulator = Simulator(
        port=options.port,
        books=options.books,
        webhook_url=options.webhook_url,
        secret=options.webhook_secret,
    )
    simulator.faults.set(options.faults)
    await simulator.serve()


if __name__ == "__main__":
    main()
