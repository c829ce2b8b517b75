"""Which browser the browser tests drive: CHROMIUM, or the first known name on PATH."""

from __future__ import annotations

import os
import shutil
import subprocess

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium() -> str | None:
    if given := os.environ.get("CHROMIUM"):
        return shutil.which(given)
    return next((path for path in map(shutil.which, NAMES) if path), None)


def version(path: str) -> str:
    """As it names itself ("Chromium 142.0.7444.59"), without the notes of Debian's wrapper."""
    said = subprocess.run([path, "--version"], capture_output=True, text=True).stdout
    return " ".join(said.split()[:2]) or "Chromium"
