"""The import contract knows every module it should; what it says itself is for `make lint`."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Read by Django, imported by nobody; tests may see everything.
UNLAYERED = {"settings", "tests", "__init__"}


def layers() -> list[set[str]]:
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    lines = contract["contracts"][0]["layers"]
    return [{module.strip() for module in line.split(":")} for line in lines]


def test_every_part_of_the_wiring_is_in_the_contract():
    parts = {
        path.stem
        for path in (ROOT / "marketflow").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }

    written = {module for layer in layers() for module in layer if module.startswith("marketflow")}

    assert written == {f"marketflow.{part}" for part in parts - UNLAYERED}


def test_the_apps_stand_in_the_order_of_the_guide():
    order = ["notifications", "analytics", "chat", "orders", "carts", "catalog", "accounts"]
    assert layers()[1:] == [{name} for name in [*order, "marketflow.core"]]
