"""How staff commands show that they are getting on."""

from __future__ import annotations

import sys
import time
from typing import TextIO

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 5


class Progress:
    """A bar on a terminal; in a pipe a plain line every few seconds."""

    def __init__(self, what: str, total: int = 0, stream: TextIO | None = None) -> None:
        self.what, self.total = what, total
        self.stream = stream or sys.stderr
        self._bar = (
            tqdm(total=total, desc=what, unit="", file=self.stream) if self._is_tty else None
        )
        self._next_line = time.monotonic() + SECONDS_BETWEEN_LINES

    @property
    def _is_tty(self) -> bool:
        return self.stream.isatty()

    def reach(self, done: int, total: int = 0) -> None:
        """So much of it is done."""
        self.total = total or self.total
        if self._bar is not None:
            self._bar.total = self.total
            self._bar.update(done - self._bar.n)
        elif time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + SECONDS_BETWEEN_LINES
            self.stream.write(f"{self.what}: {done:,} of {self.total:,}\n")
            self.stream.flush()

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()
