"""What docs/api.md and docs/events.md name is there. Its commands run in tests/journeys."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path

from django.conf import settings

from marketflow.core import events
from orders.views.paying import WHY

GUIDE = Path(settings.BASE_DIR) / "docs" / "api.md"


def test_the_guide_names_codes_that_there_are():
    sources = [
        path.read_text("utf-8")
        for app in ("accounts", "catalog", "carts", "orders", "marketflow")
        for path in (Path(settings.BASE_DIR) / app).rglob("*.py")
        if "tests" not in path.parts
    ]
    table = GUIDE.read_text("utf-8").partition("| status |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`([a-z]+_[a-z_]+|invalid)`", table)) - {"parse_error"}

    assert len(named) > 5
    for code in named:
        assert any(f'"{code}"' in source for source in sources), code


def test_the_example_of_an_error_is_json():
    (example,) = re.findall(r"^```json\n(.*?)^```", GUIDE.read_text("utf-8"), re.DOTALL | re.M)

    assert set(json.loads(example)) >= {"code", "detail"}


def test_the_list_of_events_is_complete():
    text = (Path(settings.BASE_DIR) / "docs" / "events.md").read_text("utf-8")
    rows = re.findall(r"^\| `([\w.]+)` \| (.*?) \|", text, re.MULTILINE)

    listed = {name: re.findall(r"`(\w+)`", bears) for name, bears in rows}
    assert listed == {
        name: [field.name for field in fields(event)]
        for name, event in events.declared().items()
        if not event.__module__.endswith(("tests", "conftest"))
        and ".tests." not in event.__module__
    }


def test_the_guide_lists_why_a_payment_may_fail():
    guide = GUIDE.read_text("utf-8")

    assert [code for code in WHY if f"`{code}`" not in guide] == []
