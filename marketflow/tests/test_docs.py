"""The commands in docs/api.md do what the text around them says."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field, fields
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client

from accounts.tests.factories import make_shop, make_user
from carts.tests.factories import make_shipping
from catalog.tests.factories import make_variant, stock_of
from marketflow.core import events
from marketflow.demo.people import PASSWORD, SELLER
from orders.models import Order

GUIDE = Path(settings.BASE_DIR) / "docs" / "api.md"
ASSIGNMENT = re.compile(r"([A-Z]+)=(.*)", re.DOTALL)
INNER = re.compile(r"\$\((curl .*?) \| jq -r ([^)]+)\)", re.DOTALL)
STEP = re.compile(r"\.(\w+)|\[(\d+)\]")


@dataclass
class Shell:
    """As much of a shell, of curl and of jq as the guide uses; requests go to the test client."""

    variables: dict[str, str] = field(default_factory=dict)
    answers: list = field(default_factory=list)

    def run(self, line: str) -> None:
        line = INNER.sub(self._asked, line)
        if match := ASSIGNMENT.fullmatch(line):
            (value,) = shlex.split(match[2]) or [""]
            self.variables[match[1]] = self._filled(value)
        else:
            self._curl(line)

    def _asked(self, match: re.Match) -> str:
        """What `jq -r PATH` takes out of the answer."""
        value = self._curl(match[1])
        for name, number in STEP.findall(match[2].strip("'")):
            value = value[name] if name else value[int(number)]
        return str(value)

    def _curl(self, line: str) -> object:
        words = [self._filled(word) for word in shlex.split(line)]
        assert words[:2] == ["curl", "-s"], line
        method, url, body, headers = "", "", None, {}
        rest = iter(words[2:])
        for word in rest:
            if word == "-X":
                method = next(rest)
            elif word == "-H":
                name, _, value = next(rest).partition(": ")
                headers[name] = value
            elif word == "-d":
                body = next(rest)
            else:
                url = word
        method = method or ("GET" if body is None else "POST")
        answer = Client().generic(
            method,
            url.removeprefix("http://127.0.0.1:8000"),
            body or "",
            content_type=headers.pop("Content-Type", "application/octet-stream"),
            headers=headers,
        )
        assert answer.status_code < 300, f"{line}\n{answer.status_code} {answer.content}"
        self.answers.append(answer)
        return answer.json()

    def _filled(self, text: str) -> str:
        return re.sub(r"\$([A-Z]+)", lambda match: self.variables[match[1]], text)


def commands() -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", GUIDE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


@pytest.mark.django_db
def test_the_walk_from_an_empty_cart_to_a_parcel():
    seller = make_user("maeve", email=SELLER[0])
    seller.set_password(PASSWORD)
    seller.save()
    shop = make_shop("Fernhouse", members=[])
    shop.memberships.create(user=seller, role="owner")
    make_shipping(shop)
    pot = make_variant(shop, "Clay pot", stock=5)
    shell = Shell()

    for line in commands():
        shell.run(line)

    order = Order.objects.get(number=shell.variables["ORDER"])
    assert (order.state, order.buyer.email) == ("paid", "ana@example.org")
    assert order.seller_orders.get().state == "shipped"
    assert stock_of(pot) == (4, 0)
    assert [step["dst"] for step in shell.answers[-1].json()][-1] == "shipped"
    call_command("audit")


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
