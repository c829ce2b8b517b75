"""What browsers tell of the pages: who is heard, what is kept of it, and what staff see."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import localdate, now

from accounts.tests.factories import make_user
from analytics import beacon, pages
from analytics.models import PageVital, ScriptError
from analytics.services import vitals
from analytics.services.vitals import BOUNDS, RATED, percentile
from marketflow.core.tests.pages import Page

pytestmark = pytest.mark.django_db

STAFF = "/admin/analytics/pagevital/"
VISIT = {
    "page": "product",
    "device": "phone",
    "errors": [],
    "lcp": 1234.5,
    "inp": 96,
    "cls": 0.031,
}
ERROR = {"message": "Uncaught TypeError: x is null", "module": "js/app.js", "line": 12}
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


def send(sent, *, client=None, headers=SAME_ORIGIN):
    """As `navigator.sendBeacon` does: text, without a token of a form."""
    body = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
    client = client or Client(enforce_csrf_checks=True)
    answer = client.post("/rum/", body, content_type="text/plain;charset=UTF-8", headers=headers)
    assert (answer.status_code, answer.content) == (204, b"")
    return answer


def counted() -> int:
    return PageVital.objects.count() + ScriptError.objects.count()


@pytest.fixture
def vera():
    vera = make_user("vera", is_staff=True)
    vera.user_permissions.add(Permission.objects.get(codename="view_pagevital"))
    client = Client()
    client.force_login(vera)
    return client


# --- what is kept


def test_a_visit_is_counted_in_the_bucket_of_each_vital():
    send(VISIT)
    send(VISIT | {"lcp": 1300})

    rows = PageVital.objects.order_by("metric").values_list(
        "page", "metric", "device", "up_to", "times"
    )
    assert list(rows) == [
        ("product", "cls", "phone", 50, 2),
        ("product", "inp", "phone", 104, 2),
        ("product", "lcp", "phone", 1500, 2),
    ]
    assert set(PageVital.objects.values_list("day", flat=True)) == {localdate()}


def test_other_pages_devices_and_days_are_counted_apart():
    send(VISIT)
    send(VISIT | {"page": "home"})
    send(VISIT | {"device": "desktop"})
    with time_machine.travel(now() - timedelta(days=1)):
        send(VISIT)

    assert set(PageVital.objects.values_list("times", flat=True)) == {1}
    assert PageVital.objects.count() == 12


def test_what_is_beyond_the_last_bound_counts_as_the_last():
    send(VISIT | {"lcp": 3_000_000, "inp": 3_000_000, "cls": 50})

    kept = dict(PageVital.objects.values_list("metric", "up_to"))
    assert kept == {metric: bounds[-1] for metric, bounds in BOUNDS.items()}


def test_a_visit_costs_one_statement_and_begins_no_session():
    with CaptureQueriesContext(connection) as queries:
        answer = send(VISIT)

    assert len(queries) == 1
    assert not answer.cookies


def test_an_error_is_counted_by_where_it_happened():
    send(VISIT | {"errors": [ERROR, ERROR, ERROR | {"line": 13}]})
    send(VISIT | {"errors": [ERROR | {"module": "js/app.0123456789ab.js"}]})

    rows = ScriptError.objects.order_by("line").values_list("message", "module", "line", "times")
    assert list(rows) == [
        ("Uncaught TypeError: x is null", "js/app.js", 12, 2),
        ("Uncaught TypeError: x is null", "js/app.js", 13, 1),
    ]


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        ("no answer from https://market.example/orders/MF-1?token=x", "no answer from …"),
        ("/search/?q=ana is not there", "… is not there"),
        ("ana@example.org is not a number", "… is not a number"),
        (
            'Unexpected token, "{"name":"Ana"" is no JSON',
            "Unexpected token, …name…Ana… is no JSON",
        ),
        ("order 48151623 is gone", "order … is gone"),
        ("token eyJhbGciOiJIUzI1NiIsInR5cCI6 expired", "token … expired"),
        ("nul \0 and half a pair \ud83d", "nul   and half a pair"),
        ("x " * 100, ("x " * 60).strip()),
    ],
)
def test_what_could_name_somebody_is_cleared_from_a_message(message, kept):
    send(VISIT | {"errors": [ERROR | {"message": message}]})

    assert ScriptError.objects.get().message == kept


def test_a_flood_of_different_errors_has_an_end(monkeypatch):
    monkeypatch.setattr(vitals, "MOST_ERRORS_A_DAY", 3)

    for line in [1, 2, 3, 4, 5, 1]:
        send(VISIT | {"errors": [ERROR | {"line": line}]})

    assert dict(ScriptError.objects.values_list("line", "times")) == {1: 2, 2: 1, 3: 1}


# --- who is not heard


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"not json",
        b"\xff\xfe",
        b"[" * 4000,
        b"9" * 4000,
        [],
        "product",
        None,
        {},
        VISIT | {"page": "/p/oak-bowl/?q=ana"},
        VISIT | {"page": "nowhere"},
        VISIT | {"page": ["product"]},
        VISIT | {"page": "admin:index"},
        VISIT | {"device": "fridge"},
        VISIT | {"device": ["phone"]},
        VISIT | {"lcp": -1},
        VISIT | {"lcp": True},
        VISIT | {"lcp": "1200"},
        VISIT | {"lcp": None},
        VISIT | {"lcp": 10**300},
        VISIT | {"cls": float("nan")},
        VISIT | {"inp": float("inf")},
        VISIT | {"url": "https://market.example/p/oak-bowl/"},
        VISIT | {"user": 7},
        VISIT | {"errors": None},
        VISIT | {"errors": [ERROR] * 6},
        VISIT | {"errors": ["x is null"]},
        VISIT | {"errors": [ERROR | {"stack": "at https://market.example/"}]},
        VISIT | {"errors": [ERROR | {"message": ["x"]}]},
        VISIT | {"errors": [ERROR | {"message": "x" * 201}]},
        VISIT | {"errors": [ERROR | {"module": "https://evil.example/x.js"}]},
        VISIT | {"errors": [ERROR | {"module": "../settings.js"}]},
        VISIT | {"errors": [ERROR | {"module": "orders/MF-1"}]},
        VISIT | {"errors": [ERROR | {"line": -1}]},
        VISIT | {"errors": [ERROR | {"line": 1.5}]},
        json.dumps(VISIT).encode() + b" " * beacon.MOST_BYTES,
    ],
)
def test_what_our_script_would_not_send_is_dropped_without_a_word(sent):
    send(sent)

    assert counted() == 0


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://testserver"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "https://testserver"},
        {"Origin": "null"},
    ],
)
def test_another_site_is_not_heard(headers):
    send(VISIT, headers=headers)

    assert counted() == 0


def test_a_browser_that_names_the_origin_alone_is_heard():
    send(VISIT, headers={"Origin": "http://testserver"})

    assert counted() == 3


def test_a_flood_from_one_address_is_counted_up_to_its_limit(settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"beacon": "3/60"}

    for _ in range(5):
        send(VISIT)

    assert set(PageVital.objects.values_list("times", flat=True)) == {3}


def test_nothing_is_to_be_read_there(client):
    assert client.get("/rum/").status_code == 405


# --- which pages are measured


def test_a_page_says_what_it_is_and_not_where(client, shop):
    html = client.get(shop.get_absolute_url() + "?q=ana").content.decode()

    assert '<html lang="en-gb" data-page="shop">' in html
    assert "js/beacon.js" in html


@pytest.mark.parametrize("address", ["/p/nothing/", "/nothing/", "/api/v1/products/"])
def test_errors_and_the_api_are_not_measured(client, address):
    assert "js/beacon.js" not in client.get(address, headers={"Accept": "text/html"}).text


def test_no_visit_is_measured_where_the_operator_wants_none(client, settings):
    settings.VITALS_SAMPLE_PERCENT = 0

    html = client.get("/").content.decode()

    assert "data-page" not in html
    assert "js/beacon.js" not in html


def test_names_of_back_offices_and_api_are_none_of_a_measured_page():
    assert {"home", "product", "carts:cart", "orders:order"} <= pages.names()
    assert not [name for name in pages.names() if name.startswith(("admin:", "seller:", "api"))]


# --- three of four


@pytest.mark.parametrize(
    ("counts", "value"),
    [
        ({100: 4}, 75),
        ({100: 1, 200: 1, 300: 1, 400: 1}, 300),
        ({100: 2, 200: 2}, 150),
        ({100: 3, 30_000: 1}, 100),
        ({100: 1, 30_000: 3}, 25_000),
        ({2500: 1}, 2400),
    ],
)
def test_three_of_four_did_not_exceed_it(counts, value):
    assert percentile(counts, BOUNDS["lcp"]) == value


def test_pages_that_never_move_have_a_shift_of_nothing():
    assert percentile({0: 9, 5: 1}, BOUNDS["cls"]) == 0


def test_what_is_good_and_what_is_bearable_are_bounds_of_buckets():
    # Else a page would be rated by where its values happen to lie within one.
    assert [
        metric for metric, rated in RATED.items() if not set(rated) <= set(BOUNDS[metric])
    ] == []


# --- what staff see


def test_staff_see_three_of_four_visits_by_page(vera):
    for lcp in (1100, 1100, 1100, 5000):
        send(VISIT | {"lcp": lcp, "cls": 0.3})
    send(VISIT | {"page": "home", "device": "desktop", "errors": [ERROR]})

    text = Page(vera.get(STAFF), STAFF).text
    on_desktop = Page(vera.get(f"{STAFF}?device=desktop"), STAFF).text

    assert "product 4 1.2 s good 98 ms good 0.36 poor" in text
    assert "home 1" in text
    assert "Uncaught TypeError: x is null js/app.js:12 1" in text
    assert "home 1" in on_desktop
    assert "product 4" not in on_desktop


def test_a_longer_period_shows_what_a_shorter_one_leaves_out(vera):
    send(VISIT | {"errors": [ERROR]})
    for model in (PageVital, ScriptError):
        model.objects.update(day=localdate() - timedelta(days=7))

    week = Page(vera.get(f"{STAFF}?days=7"), STAFF).text
    month = Page(vera.get(f"{STAFF}?days=28&device=fridge"), STAFF).text

    assert "Nothing has been measured" in week
    assert "No script of ours failed" in week
    assert "product 1" in month
    assert "x is null" in month


def test_the_page_costs_the_same_for_one_row_and_for_many(vera):
    send(VISIT | {"errors": [ERROR]})
    vera.get(STAFF)
    with CaptureQueriesContext(connection) as few:
        vera.get(STAFF)

    for line, page in enumerate(["home", "search", "category", "shop", "carts:cart"]):
        send(VISIT | {"page": page, "errors": [ERROR | {"line": line}]})
    with CaptureQueriesContext(connection) as many:
        vera.get(STAFF)

    assert len(few) == len(many) <= 10


def test_it_is_for_staff_who_may_see_it(client, buyer):
    client.force_login(make_user("nils", is_staff=True))
    assert client.get(STAFF).status_code == 403

    client.force_login(buyer)
    assert client.get(STAFF).status_code in (302, 403)


def test_nobody_writes_figures_by_hand(vera):
    send(VISIT)
    row = PageVital.objects.first()

    assert vera.get(f"{STAFF}add/").status_code == 403
    assert vera.post(f"{STAFF}{row.pk}/change/", {"times": 9}).status_code == 403
    assert vera.post(f"{STAFF}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    row.refresh_from_db()
    assert row.times == 1


# --- what is forgotten


def test_what_is_older_than_ninety_days_is_forgotten():
    send(VISIT | {"errors": [ERROR]})
    send(VISIT | {"page": "home"})
    old = localdate() - timedelta(days=91)
    PageVital.objects.filter(page="home").update(day=old)
    ScriptError.objects.update(day=old)

    assert vitals.forget_old() == 4
    assert set(PageVital.objects.values_list("page", flat=True)) == {"product"}
    assert vitals.forget_old() == 0
