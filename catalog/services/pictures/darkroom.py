"""Developing a picture in a process of its own, where a hostile file can do no harm.

The child (`child.py`) has little memory, little time and no secrets. It takes the file on its
standard input, leaves pictures in a folder and says on its standard output what it made.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog.services.pictures.refusals import Broken

logger = logging.getLogger(__name__)

CHILD = Path(__file__).with_name("child.py")
MEMORY = 512 * 1024 * 1024
DECODING_SECONDS = 10
# Encoding some twelve files may take longer than reading one: a task is patient.
MAKING_SECONDS = 60
# Children at work at the same time in this process; others wait.
_seats = threading.BoundedSemaphore(2)


@dataclass(frozen=True)
class Developed:
    """What the child made: files by name, in a folder that vanishes with the context."""

    width: int
    height: int
    tint: str
    files: dict[str, Path]


@contextmanager
def fallback(data: bytes, *, format: str, pixels: int) -> Iterator[Developed]:
    """The upright JPEG that is shown at once. Raises Broken."""
    with _develop(data, "fallback", format, pixels, DECODING_SECONDS) as developed:
        yield developed


@contextmanager
def sizes(data: bytes, *, format: str, pixels: int, avif: bool) -> Iterator[Developed]:
    """Every size in every format, the Open Graph picture and the tint. Raises Broken."""
    what = "sizes+avif" if avif else "sizes"
    with _develop(data, what, format, pixels, MAKING_SECONDS) as developed:
        yield developed


@contextmanager
def _develop(
    data: bytes, what: str, format: str, pixels: int, seconds: int
) -> Iterator[Developed]:
    with tempfile.TemporaryDirectory(prefix="marketflow-picture-") as folder:
        orders = {
            "what": what,
            "format": format,
            "pixels": pixels,
            "folder": folder,
            "memory": MEMORY,
            "seconds": seconds,
        }
        made = _run(data, orders)
        files = {name: Path(folder) / name for name in made["files"]}
        yield Developed(made["width"], made["height"], made["tint"], files)


def _run(data: bytes, orders: dict[str, Any]) -> dict[str, Any]:
    # -I: no environment, no current folder, nothing of the project is imported.
    command = [sys.executable, "-I", str(CHILD), json.dumps(orders)]
    try:
        with _seats:
            done = subprocess.run(
                command,
                input=data,
                capture_output=True,
                timeout=orders["seconds"],
                env=_environment(),
                check=False,
            )
    except subprocess.TimeoutExpired as problem:
        raise Broken(reason="time") from problem
    if done.returncode:
        # The file's fault as a rule, and then worth no alarm.
        logger.info("a picture could not be developed: %s", done.stderr[-500:])
        raise Broken(reason="child")
    return json.loads(done.stdout)


def _environment() -> dict[str, str]:
    """No secret of ours; one malloc arena, since each reserves 64 MB of the allowance."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return kept | {"MALLOC_ARENA_MAX": "1"}
