""".env.example is where people look a setting up: it lists all of them, and nothing else."""

from __future__ import annotations

import re

from tests.environment import names_of_settings
from tests.production.compose import ROOT, interpolated

READERS = re.compile(r"""\b(?:read|flag|number|words)\(\s*["']([A-Z][A-Z0-9_]+)["']""")


def names_that_are_read(settings) -> set[str]:
    # RATE_LIMITS makes its variables' names from its own.
    limits = {f"RATE_LIMIT_{name.upper()}" for name in settings.RATE_LIMITS}
    return limits | set(READERS.findall((ROOT / "marketflow" / "settings.py").read_text()))


def test_every_setting_is_in_the_example(settings):
    assert names_that_are_read(settings) - names_of_settings() == set()


def test_the_example_lists_nothing_that_nobody_reads(settings):
    assert names_of_settings() - names_that_are_read(settings) - interpolated() == set()
