"""Real servers for the tests: found where they answer, else started and thrown away."""

from __future__ import annotations

import socket


class NoServer(RuntimeError):
    """Neither found nor startable; the message says what would help."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
