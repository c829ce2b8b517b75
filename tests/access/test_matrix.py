"""Every address of the API, every method, seven people: what is Ana's is nobody else's (A12)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
import yaml
from django.db import transaction
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from accounts.models import BrowserSession
from marketflow.tests.two_shops import digest
from orders.querysets import SellerOrderQuerySet
from tests.access.asking import Answer, Asker
from tests.access.routes import Route, routes
from tests.access.world import World, unknown
from tests.turns import half

pytestmark = pytest.mark.django_db
# Allowed, and nothing to see in this world: no second factor, no thing asked about.
NOT_THERE_YET = {
    "/account/privacy/export/<uuid>/",
    "/account/second-factor/app/remove/",
    "/account/second-factor/codes/",
    "/account/second-factor/codes/download/",
    "/admin/<url>",
    "/admin/autocomplete/",
    "/api/<anything>",
    "/api/v1/users/me/export/",
    "/api/v1/users/me/export/<id>/file/",
    "/messages/leave/",
    "/messages/new/",
    "/seller/<url>",
    "/seller/autocomplete/",
}
# For everybody, once they have said who they are.
ASK_WHO = {"/account/following/<slug>/follow/", "/account/following/<slug>/unfollow/"}
# What these name is a secret of a mail, a file, or a passkey, which would ask its owner first.
WITHOUT_A_ROW = {
    "account/confirm-email/<key>/",
    "account/password/reset/key/<uidb36>-<key>/",
    "account/second-factor/passkeys/<pk>/",
    "account/second-factor/passkeys/<pk>/remove/",
    "cart/tell-me/confirm/<token>/",
    "cart/tell-me/end/<token>/",
    "media/<path>",
    "notifications/unsubscribe/<token>/",
}
# Headers and bodies that no address takes.
BROKEN = {
    "no key": ({}, "{}"),
    "a key that is too long": ({"Idempotency-Key": "x" * 101}, "{}"),
    "half a body": ({"Idempotency-Key": "k1"}, "{"),
    "half a body and no key": ({}, "{"),
    "a list": ({"Idempotency-Key": "k1"}, "[]"),
}
NOT_FOUND = (404, b'{"code":"not_found","detail":"There is nothing here for you."}')
SITES = ("api", "pages", "seller", "admin")


@pytest.fixture(scope="module")
def world_of_all(module_db) -> World:
    return World()


@dataclass(frozen=True)
class Rule:
    people: frozenset[str]
    is_for_a_model: bool


@cache
def policy() -> dict[str, dict[str, Rule]]:
    """Address → method → who."""
    written = yaml.safe_load((Path(__file__).parent / "policy.yaml").read_text())
    table: dict[str, dict[str, Rule]] = {}
    for who, lines in written["routes"].items():
        people = frozenset(written["who"][who])
        for line in lines:
            *methods, address = line.split()
            rule = Rule(people, address.endswith("*"))
            known = table.setdefault(address, {})
            assert not known.keys() & set(methods), f"twice in the table: {line}"
            known |= dict.fromkeys(methods, rule)
    return table


def rule_of(route: Route, method: str) -> Rule | None:
    address = f"/{route.name}"
    by_model = "/".join([*address.split("/")[:4], "*"])
    for key in (address, by_model):
        if rule := policy().get(key, {}).get(method):
            return rule
    return None


def site_of(route: Route) -> str:
    first = route.name.split("/")[0]
    return first if first in ("api", "seller", "admin") else "pages"


# --- the table


def test_every_address_is_in_the_table():
    missing = [
        f"{method} /{route.name}"
        for route in routes()
        for method in route.methods
        if rule_of(route, method) is None
    ]

    assert not missing


def test_the_table_names_no_address_that_is_gone():
    known = {f"/{route.name}" for route in routes()}
    models = {"/".join([*address.split("/")[:4], "*"]) for address in known}

    assert set(policy()) <= known | models


def test_the_matrix_has_its_size():
    people = len(World().people)
    assert sum(len(route.methods) for route in routes()) * people >= 3000


def test_every_address_of_a_row_is_tried():
    world = World()
    missed = {route.name for route in routes() if world.parameters(route) is None}

    # Staff's pages of models of which this world has none, such as refunds, are like the others.
    assert {name for name in missed if not name.startswith("admin/")} == WITHOUT_A_ROW


def test_the_reference_says_of_each_operation_whether_somebody_has_to_be_signed_in():
    document = SchemaGenerator().get_schema(request=None, public=True)
    said, ruled = {}, {}

    for path, operations in document["paths"].items():
        address = path.replace("{", "<").replace("}", ">")
        for method, operation in operations.items():
            name = f"{method} {address}"
            # Without a word about it, anybody may ask: the document has no rule for all.
            said[name] = {} in operation.get("security", [{}])
            ruled[name] = "anonymous" in policy()[address][method].people

    assert "security" not in document
    assert {name for name in said if said[name] != ruled[name]} == set()
    assert len(said) > 100


# --- the matrix


@pytest.mark.parametrize("site", SITES)
def test_nobody_gets_further_than_the_table_says(site):
    surprises = surprises_in(World(), tried_in_this_run(site))

    assert not surprises, "\n".join(surprises)


def test_the_matrix_would_notice_an_open_door(monkeypatch):
    for door in ("visible_to", "managed_by"):
        monkeypatch.setattr(SellerOrderQuerySet, door, lambda self, *someone: self)

    doors = [route for route in routes() if route.name.startswith("api/v1/seller-orders/")]
    surprises = surprises_in(World(), doors)

    assert [line for line in surprises if "rita" in line]


@pytest.mark.parametrize("name", ["sam", "rita"])
def test_what_is_not_theirs_is_not_there_however_wrong_the_request(world_of_all, name):
    world, sender, before = world_of_all, APIClient(), business()
    sender.force_authenticate(world.people[name])
    told = {}

    for route in foreign_posts(name):
        own = world.parameters(route)
        for parameters in (own, unknown(route, own)):
            for wrong, (headers, body) in BROKEN.items():
                address = route.address(parameters)
                answer = sender.generic("POST", address, body, "application/json", headers=headers)
                told[address, wrong] = (answer.status_code, answer.content)

    assert len(told) > 200
    assert {key: answer for key, answer in told.items() if answer != NOT_FOUND} == {}
    assert business() == before


def foreign_posts(name: str) -> list[Route]:
    """Where the API takes a POST to what is not of `name`."""
    return [
        route
        for route in routes()
        if route.name.startswith("api/v1/") and route.parameters and "post" in route.methods
        if name not in rule_of(route, "post").people
    ]


def business() -> str:
    """The market as one number, without when somebody's browser was seen last."""
    with transaction.atomic():
        BrowserSession.objects.all().delete()
        number = digest()
        transaction.set_rollback(True)
    return number


def tried_in_this_run(site: str) -> list[Route]:
    return half([route for route in routes() if site_of(route) == site])


def surprises_in(world: World, tried: list[Route]) -> list[str]:
    """Who got further than the table says."""
    askers = {name: Asker(user) for name, user in world.people.items()}
    before = business()
    found: list[str] = []
    for route in tried:
        own = world.parameters(route)
        if own is None:
            continue
        for method in route.methods:
            rule = rule_of(route, method)
            for name, asker in askers.items():
                # What is for everybody is asked by nobody in particular, and by one person.
                if rule and len(rule.people) == len(askers) and name not in ("anonymous", "sam"):
                    continue
                may = rule is not None and name in rule.people
                problem = _problem(asker, method, route, own, rule if may else None, before)
                if problem:
                    found.append(f"{method} /{route.name} by {name}: {problem}")
    return found


def _problem(asker, method, route, own, rule: Rule | None, before: str) -> str:
    if rule is None:
        return _let_in(asker, method, route, own, before)
    answer = asker.ask(method, route.address(own), ())
    if answer.status >= 500 and answer.status != 503:
        return f"answers {answer.status}"
    is_read = method == "get" and not rule.is_for_a_model
    is_there = is_read and f"/{route.name}" not in NOT_THERE_YET
    wrong = ("sign in", "forbidden", "hidden") if is_there else ("sign in",)
    if f"/{route.name}" in ASK_WHO and not asker.is_somebody:
        return "" if answer.word in ("sign in", "no method") else f"is not asked: {answer.word}"
    return f"is turned away: {answer.word}" if answer.word in wrong else ""


def _let_in(asker: Asker, method: str, route: Route, own: dict, before: str) -> str:
    """What is wrong with the refusal. Nothing of Ana's or Fern's may show, or change."""
    nothing = unknown(route, own)
    names = {str(value) for value in (*own.values(), *nothing.values())}
    with asker.undone():
        answer = asker.send(method, route.address(own), names)
        if answer.wrote and business() != before:
            return f"changed something, answering {answer.status}"
    if not own:
        is_refused = answer.word in ("sign in", "forbidden", "hidden", "no method")
        return "" if is_refused else f"is let in: {answer.status} {answer.location}"
    other = asker.ask(method, route.address(nothing), names)
    return _difference(answer, other)


def _difference(answer: Answer, other: Answer) -> str:
    if answer.status != other.status:
        return f"is told that it exists: {answer.status}, and {other.status} for what never was"
    if answer.body != other.body:
        return f"gets another body than for what never was ({answer.status})"
    changing = {"X-Request-ID", "Set-Cookie", "Content-Length", "Server-Timing", "ETag", "Expires"}
    differing = [
        name
        for name in Counter([*answer.headers, *other.headers])
        if name not in changing and answer.headers.get(name) != other.headers.get(name)
    ]
    return f"gets other headers: {differing}" if differing else ""
