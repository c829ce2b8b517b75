"""Every address answers: to nobody in particular, a buyer, a seller and staff."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.urls import get_resolver

from accounts.tests.factories import make_user
from catalog.tests.factories import make_variant
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db


def addresses(patterns=None, prefix: str = "/") -> Iterator[str]:
    """Every address that takes no argument."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if pattern.pattern.regex.groups:
            continue
        address = prefix + re.sub(r"\\(.)|[\^$]|\\Z", r"\1", str(pattern.pattern))
        if hasattr(pattern, "url_patterns"):
            yield from addresses(pattern.url_patterns, address)
        else:
            yield address


@pytest.fixture
def market(buyer, shop, seller):
    bowl = make_variant(shop, "Oak bowl")
    make_order(buyer, bowl, paid=True)


@pytest.mark.parametrize("who", ["nobody", "buyer", "seller", "staff"])
def test_every_address_answers(who, market, client, request):
    if who == "staff":
        client.force_login(make_user("vera", is_staff=True, is_superuser=True))
    elif who != "nobody":
        client.force_login(request.getfixturevalue(who))

    answers = {address: client.get(address).status_code for address in addresses()}

    assert {"/", "/cart/", "/help/", "/api/v1/wishlist/", "/seller/", "/metrics"} <= set(answers)
    assert not {address: status for address, status in answers.items() if status >= 500}
    # An address of ours is never unknown; what it wants may be missing, or not for everybody.
    public = ("/", "/search/", "/cart/", "/help/", "/sell/", "/robots.txt", "/healthz")
    assert {answers[address] for address in public} == {200}
