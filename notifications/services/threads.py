"""Requests to strangers, several at once: a slow one takes one of SLOTS, and nobody's turn."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from notifications.services.webhooks.wire import Answer

SLOTS = 16
POLL_SECONDS = 0.1
Job = TypeVar("Job")


def work_off(
    *,
    take: Callable[[], Job | None],
    do: Callable[[Job], Answer],
    record: Callable[[Job, Answer], bool],
    seconds: float,
    name: str,
) -> int:
    """Take jobs for at most `seconds`, and do them in threads called `name`.

    `do` alone runs in a thread and touches no database; `take` claims and `record` writes down in
    the caller's own. Returns how often `record` said yes.
    """
    ends = time.monotonic() + seconds
    accepted = 0
    at_work: dict[Future[Answer], Job] = {}
    with ThreadPoolExecutor(max_workers=SLOTS, thread_name_prefix=name) as pool:
        while True:
            while len(at_work) < SLOTS and time.monotonic() < ends and (job := take()):
                at_work[pool.submit(do, job)] = job
            if not at_work:
                return accepted
            done, _ = wait(at_work, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)
            for future in done:
                accepted += record(at_work.pop(future), future.result())
