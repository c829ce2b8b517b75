"""The name people know a browser by, from what it sends of itself."""

from __future__ import annotations

from django.utils.translation import gettext as _

# First match wins: nearly every browser also names those it came from (RFC 9110, section 10.1.5,
# says how the header is built; history says why).
BROWSERS = {
    "Edg": "Edge",
    "OPR": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "Vivaldi": "Vivaldi",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "CriOS": "Chrome",
    "Chrome": "Chrome",
    "Chromium": "Chromium",
    "Safari": "Safari",
}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "CrOS": "ChromeOS",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "Linux": "Linux",
}
LONGEST = 60


def name_of(agent: str) -> str:
    """`Firefox on Windows` for a browser we know; what it says of itself, shortened, otherwise."""
    browser = next((name for mark, name in BROWSERS.items() if mark in agent), None)
    system = next((name for mark, name in SYSTEMS.items() if mark in agent), None)
    if agent.startswith("Mozilla/") and browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return agent[:LONGEST]
