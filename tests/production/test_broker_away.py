"""A broker that is away holds up nobody who publishes something."""

from __future__ import annotations

import pytest

from tests.sockets.server import environment, free_port, manage

pytestmark = pytest.mark.processes

# Kombu by itself rests 2 s between its two tries.
NUDGE = """
import time
from marketflow.core import events
began = time.monotonic()
events.nudge()
seconds = time.monotonic() - began
assert seconds < 1, f"whoever publishes waits for {seconds:.1f} s"
"""


def test_a_broker_that_refuses_is_not_waited_for(tmp_path):
    nobody = f"redis://127.0.0.1:{free_port()}"
    settings = environment(tmp_path, free_port(), REDIS_URL=nobody)

    manage(settings, "shell", "--verbosity=0", "--no-imports", f"--command={NUDGE}")
