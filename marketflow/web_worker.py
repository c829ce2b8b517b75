"""gunicorn's worker, in which writing goes before reading, and that keeps to its share.

A worker has a few threads, and what they have no time for waits. Behind a crowd that reads, such
as everybody who comes back after an outage, a message or an order would wait as long as they all.

A connection that is kept stays with the worker that took it, which is the one that woke first:
twelve of sixteen may be with one worker of two, and wait three times as long as the others. So a
worker that is behind ends connections with their answer while another has fewer of them.
"""

from __future__ import annotations

import heapq
import itertools
import math
import mmap
import selectors
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from gunicorn.workers.gthread import DEFAULT_WORKER_DATA_TIMEOUT, TConn, ThreadWorker

# A request that only reads counts as having come so many seconds later.
PATIENCE = 2.0
# The first four bytes of such.
READING = (b"GET ", b"HEAD", b"OPTI")
# Seconds. A worker looks up once in each; who has said nothing for longer is not there.
SILENT = 2.0


class Board:
    """How many connections each worker has, in memory that they share by having been forked."""

    PLACES = 32

    def __init__(self) -> None:
        # For each place how many, and when that was said.
        self._rows = memoryview(mmap.mmap(-1, 2 * 8 * self.PLACES)).cast("d")

    def tell(self, worker: int, connections: int) -> None:
        place = 2 * (worker % self.PLACES)
        self._rows[place], self._rows[place + 1] = connections, time.monotonic()

    def fewest(self, *, besides: int) -> float:
        """Of the other workers who are there; infinite where there is none."""
        since = time.monotonic() - SILENT
        mine = besides % self.PLACES
        places = (2 * place for place in range(self.PLACES) if place != mine)
        there = (self._rows[place] for place in places if self._rows[place + 1] > since)
        return min(there, default=math.inf)


# Made by gunicorn's master, before it forks.
board = Board()


class WritesFirst(ThreadWorker):
    def get_thread_pool(self) -> ThreadPoolExecutor:
        return WritesFirstPool(max_workers=self.cfg.threads)

    def enqueue_req(self, conn: TConn) -> None:
        """What comes new waits in the loop, not in a thread, until it says something."""
        if conn.initialized or conn.data_ready or first_bytes(conn.sock):
            conn.data_ready = True
            super().enqueue_req(conn)
            return
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + DEFAULT_WORKER_DATA_TIMEOUT
        self.pending_conns.append(conn)
        come = partial(self.on_pending_socket_readable, conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, come)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        super().wait_for_and_dispatch_events(timeout)
        if self.alive:
            board.tell(self.age, self.nr_conns)

    @property
    def max_keepalived(self) -> int:
        """Asked for by gunicorn before each answer: with 0 the connection ends with that."""
        return 0 if self._has_too_many() else self._most_kept

    @max_keepalived.setter
    def max_keepalived(self, number: int) -> None:
        self._most_kept = number

    def _has_too_many(self) -> bool:
        return self.tpool.is_behind and self.nr_conns > board.fewest(besides=self.age) + 1


class WritesFirstPool(ThreadPoolExecutor):
    """Threads that take up next what counts as the oldest of what waits."""

    def __init__(self, max_workers: int) -> None:
        super().__init__(max_workers)
        self._waiting: list[Waiting] = []
        self._numbers = itertools.count()
        self._lock = threading.Lock()

    @property
    def is_behind(self) -> bool:
        """Whether somebody waits for a thread."""
        return bool(self._waiting)

    def submit(self, handle: Callable[[Any], Any], connection: Any) -> Future:
        """Have `handle(connection)` called, as gunicorn does with each request."""
        reads = first_bytes(connection.sock) in READING
        waiting = Waiting(
            since=time.monotonic() + (PATIENCE if reads else 0),
            number=next(self._numbers),
            connection=connection,
            handle=handle,
        )
        with self._lock:
            heapq.heappush(self._waiting, waiting)
        # One call for each that waits, whichever of them it is then for.
        super().submit(self._take_up_next)
        return waiting.future

    def _take_up_next(self) -> None:
        with self._lock:
            waiting = heapq.heappop(self._waiting)
        future = waiting.future
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(waiting.handle(waiting.connection))
        except BaseException as problem:  # noqa: BLE001 - it is the caller's
            future.set_exception(problem)


@dataclass(order=True)
class Waiting:
    """A request that has no thread yet."""

    since: float
    number: int
    connection: Any = field(compare=False)
    handle: Callable[[Any], Any] = field(compare=False)
    future: Future = field(default_factory=Future, compare=False)


def first_bytes(connection: socket.socket) -> bytes:
    """What has arrived at `connection`, four bytes at most, which stay there; b"" for nothing."""
    try:
        return connection.recv(4, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except (OSError, ValueError):  # the second where it is encrypted
        return b""
