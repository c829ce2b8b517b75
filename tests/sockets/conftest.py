from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sockets.away import Redis
from tests.sockets.server import environment, free_port, manage


@pytest.fixture(scope="session")
def empty_market(tmp_path_factory) -> Path:
    """The folder of a market with tables and nothing in them, to copy."""
    folder = tmp_path_factory.mktemp("empty")
    manage(environment(folder, free_port()), "migrate", "--verbosity=0")
    return folder


@pytest.fixture
def redis(tmp_path) -> Iterator[Redis]:
    redis = Redis(tmp_path)
    redis.start()
    yield redis
    with contextlib.suppress(OSError):
        redis.stop()
