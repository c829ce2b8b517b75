"""Running things at the same time, on real connections."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import connection


def race(*calls: Callable) -> list:
    """Run `calls` at once, from one starting line; return each one's result or exception."""
    line = threading.Barrier(len(calls))

    def attempt(call):
        try:
            # Connect before the start: connecting takes longer than the race.
            connection.ensure_connection()
            line.wait(timeout=30)
            return call()
        except Exception as error:  # noqa: BLE001
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(attempt, calls))
