"""Loaded by every Python that has this folder on its path (A10): its clock is off by so much.

Not by libfaketime, which makes Python's `time.sleep` fail.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import time_machine

OFF_BY = timedelta(seconds=int(os.environ["GAUNTLET_CLOCK"]))

time_machine.travel(datetime.now(UTC) + OFF_BY, tick=True).start()
