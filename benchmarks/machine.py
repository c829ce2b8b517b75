"""What the machine says of a run: CPU of the processes, and which code ran."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from tests.production.compose import ROOT

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds() -> float:
    """Of everything this program has started: gunicorn, PostgreSQL, Redis."""
    parents, seconds = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            # The name in brackets may hold anything; what follows it may not.
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # ended meanwhile
            continue
        pid = int(folder.name)
        parents[pid] = int(fields[1])
        seconds[pid] = sum(map(int, fields[11:15])) / TICKS
    return sum(seconds[pid] for pid in seconds if is_ours(pid, parents))


def is_ours(pid: int, parents: dict[int, int]) -> bool:
    while pid in parents:
        pid = parents[pid]
        if pid == os.getpid():
            return True
    return False


def own_seconds() -> float:
    return time.process_time()


def idle_seconds() -> float:
    """Of all cores, waiting for disks included."""
    fields = Path("/proc/stat").read_text().split()
    return sum(map(int, fields[4:6])) / TICKS


def commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.strip()
