"""docker-compose.yml as Docker would read it: merged, and with its variables put in."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
# $$, ${NAME}, ${NAME:-default}, ${NAME:?what to do}
VARIABLE = re.compile(r"\$\$|\$\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<word>[^}]*))?\}")


def compose(variables: dict[str, str]) -> dict:
    text = (ROOT / "docker-compose.yml").read_text()
    without_comments = re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)
    return yaml.safe_load(VARIABLE.sub(lambda match: value(match, variables), without_comments))


def value(match: re.Match[str], variables: dict[str, str]) -> str:
    if match.group() == "$$":
        return "$"
    if given := variables.get(match["name"]):
        return given
    if match["kind"] == "?":
        raise LookupError(f"{match['name']} is required: {match['word']}")
    return match["word"] or ""


def interpolated() -> set[str]:
    text = (ROOT / "docker-compose.yml").read_text()
    return {match["name"] for match in VARIABLE.finditer(text) if match["name"]}
