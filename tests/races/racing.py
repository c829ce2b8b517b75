"""Running things at the same time, on real connections."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import OperationalError, connection

PATIENCE = 30  # seconds


def race(*calls: Callable) -> list:
    """Run `calls` at once, from one starting line; return each one's result or exception.

    Where one can't come to the line, nobody has raced: that is raised.
    """
    line = threading.Barrier(len(calls))

    def attempt(call):
        try:
            come_to(line)
            return outcome(call)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(attempt, calls))


def outcome(call: Callable) -> object:
    try:
        return call()
    except Exception as error:  # noqa: BLE001
        return error


def come_to(line: threading.Barrier) -> None:
    """Connect before the start: connecting takes longer than the race."""
    ends = time.monotonic() + PATIENCE
    while True:
        try:
            connection.ensure_connection()
        except OperationalError:
            # A server that many tests share has no connection left, for a moment.
            if time.monotonic() > ends:
                line.abort()
                raise
            time.sleep(0.1)
        else:
            break
    line.wait(timeout=2 * PATIENCE)
