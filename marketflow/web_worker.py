"""gunicorn's worker, in which writing goes before reading.

A worker has a few threads, and what they have no time for waits. Behind a crowd that reads, such
as everybody who comes back after an outage, a message or an order would wait as long as they all.
"""

from __future__ import annotations

import heapq
import itertools
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

# So many seconds later than it came does a request count that only reads.
PATIENCE = 2.0
# The first four bytes of such.
READING = (b"GET ", b"HEAD", b"OPTI")


class WritesFirst(ThreadWorker):
    def get_thread_pool(self) -> ThreadPoolExecutor:
        return WritesFirstPool(max_workers=self.cfg.threads)


class WritesFirstPool(ThreadPoolExecutor):
    """Threads that take up next what counts as the oldest of what waits."""

    def __init__(self, max_workers: int) -> None:
        super().__init__(max_workers)
        self._waiting: list[tuple[float, int, Future, Callable[[], Any]]] = []
        self._numbers = itertools.count()
        self._lock = threading.Lock()

    def submit(self, handle: Callable[[Any], Any], connection: Any) -> Future:
        """Have `handle(connection)` called, as gunicorn does with each request."""
        since = time.monotonic() + (PATIENCE if is_reading(connection.sock) else 0)
        future: Future = Future()
        with self._lock:
            heapq.heappush(
                self._waiting, (since, next(self._numbers), future, lambda: handle(connection))
            )
        # One call for each that waits, whichever of them it is then for.
        super().submit(self._take_up_next)
        return future

    def _take_up_next(self) -> None:
        with self._lock:
            _since, _number, future, call = heapq.heappop(self._waiting)
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(call())
        except BaseException as problem:  # noqa: BLE001 - it is the caller's
            future.set_exception(problem)


def is_reading(connection: socket.socket) -> bool:
    """Whether the request that has arrived at `connection`, and stays there, changes nothing.

    False where nothing has arrived yet: that would be known too late.
    """
    try:
        return connection.recv(4, socket.MSG_PEEK | socket.MSG_DONTWAIT) in READING
    except OSError:
        return False
