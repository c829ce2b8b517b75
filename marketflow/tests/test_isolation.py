"""Nothing of the other shop, by the API or a socket: ready-made test 12.

Every route that takes an id is tried by Fern with each id of Rita's shop that fits it, whatever
row it belongs to. Only what anybody may read comes back. The admin's half is in
`test_seller_site`.
"""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Iterator
from contextlib import suppress

import pytest
from asgiref.sync import async_to_sync
from channels.testing import WebsocketCommunicator
from django.apps import apps
from django.conf import settings
from django.core.exceptions import FieldError
from django.db.models import Model, Q
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, resolve, reverse
from rest_framework.test import APIClient

from accounts.models import Shop
from accounts.tests.factories import make_user
from catalog.tests.factories import make_product, make_variant
from chat.services import messaging
from marketflow.api import v1
from marketflow.asgi import application
from marketflow.core.tests.clients import api_for
from marketflow.tests.two_shops import SECRETS, digest, open_two_shops
from tests.turns import half

# How rows lead to the shop they belong to.
PATHS = (
    "shop",
    "shops",
    "product__shop",
    "variant__product__shop",
    "seller_order__shop",
    "seller_orders__shop",
    "conversation__shop",
    "endpoint__shop",
    "stock_item__variant__product__shop",
)
UNKNOWN = {"slug": "no-such-thing", "number": "MF-00000000-1", "uuid": str(uuid.UUID(int=7))}
SHARED = "order-timeline"
# A second row of a model says nothing that the first did not.
MOST_OF_A_KIND = 2
METHODS = ("get", "post", "put", "patch", "delete")
pytestmark = pytest.mark.django_db


@pytest.fixture
def two_shops(db) -> tuple[Shop, Shop]:
    shop, rival = open_two_shops()
    make_product(rival, "Rival draft", state="draft")
    buyer = make_user("ana")
    messaging.start_as_buyer(buyer=buyer, shop=rival, body="Is the rival lamp bright?")
    return shop, rival


@pytest.fixture
def shop(two_shops) -> Shop:
    return two_shops[0]


@pytest.fixture
def rival(two_shops) -> Shop:
    return two_shops[1]


def ids_of(shop: Shop) -> dict[str, set[str]]:
    """Names by which rows of `shop` can be asked for, by kind: of every model that has some."""
    found = {kind: set() for kind in UNKNOWN}
    found["slug"].add(shop.slug)
    for model in apps.get_models():
        rows = rows_of(shop, model)
        for kind in UNKNOWN:
            if rows is not None and kind in {field.name for field in model._meta.fields}:
                values = rows.order_by("pk").values_list(kind, flat=True)
                found[kind] |= {str(value) for value in values[:MOST_OF_A_KIND]}
    return found


def rows_of(shop: Shop, model: type[Model]):
    for path in PATHS:
        try:
            return model._default_manager.filter(Q(**{path: shop}))
        except (FieldError, ValueError):
            continue
    return None


# --- the API


def api_routes() -> list[tuple[URLPattern, set[str]]]:
    """Every pattern of the API that takes something from the path, and what."""

    def walk(entries) -> Iterator[URLPattern]:
        for entry in entries:
            if isinstance(entry, URLPattern):
                yield entry
            else:
                yield from walk(entry.url_patterns)

    routes = [(route, names_in(route)) for route in walk(v1.urlpatterns)]
    return [(route, names) for route, names in routes if names]


def names_in(route: URLPattern) -> set[str]:
    pattern = route.pattern
    return set(getattr(pattern, "converters", {})) or set(pattern.regex.groupindex)


def understands(route: URLPattern, method: str) -> bool:
    """Whether the view behind `route` has an answer to `method` other than 405."""
    actions = getattr(route.callback, "actions", None)
    return method in actions if actions else hasattr(route.callback.cls, method)


def addresses(kinds: dict[str, set[str]], *methods: str) -> dict[str, str]:
    """Every address of the API that bears an id of `kinds`; with an unknown one in its place."""
    found = {}
    for route, names in api_routes():
        if not any(understands(route, method) for method in methods):
            continue
        for kind, values in kinds.items():
            with suppress(NoReverseMatch):
                beside = reverse(f"v1:{route.name}", kwargs=dict.fromkeys(names, UNKNOWN[kind]))
                for value in values:
                    found[reverse(f"v1:{route.name}", kwargs=dict.fromkeys(names, value))] = beside
    return found


def ask(client: APIClient, method: str, address: str):
    key = {"Idempotency-Key": uuid.uuid4().hex}
    return getattr(client, method)(address, {}, format="json", headers=key)


def test_the_walk_reaches_every_route_with_an_id(two_shops, rival):
    reached = {resolve(address).url_name for address in addresses(ids_of(rival), *METHODS)}

    assert {route.name for route, _ in api_routes()} - reached == set()
    assert len(reached) > 20


@pytest.mark.parametrize("method", METHODS)
def test_12_no_api_route_gives_or_takes_a_row_of_the_other_shop(
    two_shops, seller, stranger, rival, method
):
    """Ready-made test 12: with B's ids A gets what a stranger gets, or what nobody gets."""
    fern, sam = api_for(seller), api_for(stranger)
    before, nobodys = digest(), {}

    for address, beside in half(list(addresses(ids_of(rival), method).items())):
        answer = ask(fern, method, address)
        if beside not in nobodys:
            nobodys[beside] = ask(fern, method, beside)
        if is_like(answer, nobodys[beside]):
            continue
        if resolve(address).url_name == SHARED:
            # Ana bought of both: Fern reads of the order what is about Fern's part.
            assert not [word for word in SECRETS if word in answer.content.decode()], address
        else:
            # What is published, anybody reads, keeps in a list, or reports.
            strangers = ask(sam, method, address)
            assert answer.status_code == strangers.status_code, f"{method} {address}"
            assert method != "get" or answer.content == strangers.content, address
            assert b"Rival draft" not in answer.content
    if method in ("post", "patch"):
        assert digest() == before


def is_like(answer, nobodys) -> bool:
    return (answer.status_code, answer.content) == (nobodys.status_code, nobodys.content)


# --- sockets


def socket_routes() -> list:
    """Every socket there is, however many doors stand before them."""
    app = application.application_mapping["websocket"]
    while not hasattr(app, "routes"):
        app = next(v for n, v in vars(app).items() if n in ("app", "application", "inner"))
    return app.routes


def socket_addresses(kinds: dict[str, set[str]]) -> list[str]:
    found = []
    for route in socket_routes():
        pattern = str(route.pattern)
        values = kinds["uuid"] if "<" in pattern else [""]
        found += [f"/{re.sub('<[^>]*>', value, pattern)}" for value in sorted(values)]
    return found


async def listen(address: str, session: str) -> list:
    """What a socket says to whoever opens it and asks for everything."""
    headers = [
        (b"cookie", f"{settings.SESSION_COOKIE_NAME}={session}".encode()),
        (b"origin", settings.ALLOWED_ORIGINS[0].encode()),
    ]
    socket = WebsocketCommunicator(application, address, headers=headers)
    heard = [await socket.connect(timeout=10)]
    if heard[0][0]:
        heard += await everything_said(socket)
        await socket.disconnect()
    return heard


async def listen_to_all(addresses: list[str], session: str) -> dict[str, list]:
    heard = await asyncio.gather(*(listen(address, session) for address in addresses))
    return dict(zip(addresses, heard, strict=True))


async def everything_said(socket: WebsocketCommunicator) -> list:
    said = []
    while not await socket.receive_nothing(timeout=0.5):
        said.append(await socket.receive_output())
    return said


@pytest.mark.django_db(transaction=True)
def test_12_no_socket_lets_the_other_shop_in(two_shops, seller, rival, settings):
    """Ready-made test 12: a socket of B's row is the socket of a row that never was."""
    settings.SOCKETS_PER_USER = 1000  # All at once, or each would be waited for.
    visitor = Client()
    visitor.force_login(seller)
    session = visitor.cookies[settings.SESSION_COOKIE_NAME].value
    here = socket_addresses(ids_of(rival))
    nowhere = socket_addresses({"uuid": {UNKNOWN["uuid"]}})

    heard = async_to_sync(listen_to_all)([*here, *nowhere], session)

    assert "/ws/inventory/" in heard
    answers = {address: said for address, said in heard.items() if "-" in address}
    assert len({repr(said) for said in answers.values()}) <= 1
    assert not [word for word in SECRETS if word in repr(heard)]


@pytest.mark.django_db(transaction=True)
def test_12_a_draft_of_the_other_shop_has_no_live_stock(two_shops, seller, rival):
    """Ready-made test 12: what is not published is told of like what never was."""
    draft = str(make_variant(rival, "Rival secret", state="draft", stock=3).uuid)
    nothing = str(UNKNOWN["uuid"])

    said = async_to_sync(subscribed)([draft])
    said_of_nothing = async_to_sync(subscribed)([nothing])

    assert repr(said).replace(draft, nothing) == repr(said_of_nothing)


async def subscribed(variants: list[str]) -> list:
    headers = [(b"origin", settings.ALLOWED_ORIGINS[0].encode())]
    socket = WebsocketCommunicator(application, "/ws/inventory/", headers=headers)
    await socket.connect(timeout=10)
    await socket.send_json_to({"type": "subscribe", "variants": variants})
    said = await everything_said(socket)
    await socket.disconnect()
    return said
