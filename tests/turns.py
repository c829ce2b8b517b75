"""What takes too long for every run is taken in turns, so that every part comes round."""

from __future__ import annotations

import datetime
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from django.db import connection

ROOT = Path(__file__).resolve().parents[1]

Thing = TypeVar("Thing")


def turn() -> int:
    """A number that changes with every commit; without Git, every day."""
    # The program may be missing, and the files may be a copy without a history.
    with suppress(FileNotFoundError, subprocess.CalledProcessError):
        asked = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        return int(asked.stdout, 16)
    return datetime.datetime.now(datetime.UTC).toordinal()


def half(things: Sequence[Thing]) -> Sequence[Thing]:
    """Every second on SQLite, the others on PostgreSQL, and with the next commit maybe vice versa.

    For what the database does not decide, and all of which takes minutes.
    """
    return things[(turn() + (connection.vendor == "sqlite")) % 2 :: 2]
