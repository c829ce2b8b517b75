"""Devices bear names that people know."""

from __future__ import annotations

import pytest

from accounts.services.agents import name_of

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (
            f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} Chrome/156.0.0.0 Safari/537.36",
            "Chrome on Linux",
        ),
        (
            f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/156.0.0.0 Safari/537.36"
            " Edg/156.0.0.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox on macOS",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15"
            " (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1",
            "Safari on iPhone",
        ),
        (
            f"Mozilla/5.0 (Linux; Android 15) {WEBKIT} SamsungBrowser/28.0 Chrome/130.0 Safari",
            "Samsung Internet on Android",
        ),
        ("stock-sync/2.1 (+https://erp.example)", "stock-sync/2.1 (+https://erp.example)"),
        ("Mozilla/5.0 of nobody", "Mozilla/5.0 of nobody"),
        ("x" * 300, "x" * 60),
        ("", ""),
    ],
)
def test_an_agent_is_named_as_people_name_it(agent, name):
    assert name_of(agent) == name
