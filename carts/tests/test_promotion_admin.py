from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import make_user
from carts.models import Promotion
from carts.tests.factories import make_promotion
from catalog.tests.factories import make_category, make_variant
from marketflow.core.models import AuditEntry

pytestmark = pytest.mark.django_db
SELLER, STAFF = "/seller/carts/promotion/", "/admin/carts/promotion/"


@pytest.fixture
def fern(seller) -> Client:
    client = Client()
    client.force_login(seller)
    return client


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(make_user("staff", is_staff=True, is_superuser=True))
    return client


def form(**changes) -> dict[str, object]:
    return {
        "name": "Spring sale",
        "code": "spring",
        "kind": "percent",
        "basis_points": "12.5",
        "amount_minor": "",
        "buy_quantity": "",
        "get_quantity": "",
        "minimum_minor": "20.00",
        "max_uses": "10",
        "max_per_buyer": "",
        "starts_at_0": "2026-01-01",
        "starts_at_1": "00:00",
        "ends_at_0": "",
        "ends_at_1": "",
        "position": "0",
        "is_active": "on",
    } | changes


def test_a_seller_promotes_what_is_theirs_and_pays_for_it(fern, shop):
    bowl, bowls = make_variant(shop), make_category("Home", "Bowls")
    sent = form(shop=shop.pk, products=[bowl.product_id], categories=[bowls.pk])

    answer = fern.post(f"{SELLER}add/", sent | {"market_basis_points": "100"})

    assert answer.status_code == 302, answer.context["errors"]
    promotion = Promotion.objects.get()
    assert (promotion.shop, promotion.code, promotion.basis_points) == (shop, "SPRING", 1250)
    assert (promotion.minimum_minor, promotion.payer, promotion.currency) == (2000, "shop", "EUR")
    assert list(promotion.products.all()) == [bowl.product]
    assert list(promotion.categories.all()) == [bowls]


def test_a_seller_promotes_nothing_of_anybody_elses(fern, shop, rival):
    vase = make_variant(rival, "Vase")

    for foreign in ({"shop": rival.pk}, {"shop": ""}, {"products": [vase.product_id]}):
        answer = fern.post(f"{SELLER}add/", form(shop=shop.pk) | foreign)
        assert answer.status_code == 200

    assert not Promotion.objects.exists()


def test_a_seller_sees_and_changes_their_own_alone(fern, shop, rival):
    mine = make_promotion(shop, percent=10, name="Mine")
    others = [
        make_promotion(rival, percent=10, name="Rival sale"),
        make_promotion(percent=10, name="Market sale"),
        make_promotion(shop, percent=10, name="On the house", market_basis_points=5000),
    ]

    page = fern.get(SELLER)

    assert b"Mine" in page.content
    assert fern.get(f"{SELLER}{mine.pk}/change/").status_code == 200
    for other in others:
        assert other.name.encode() not in page.content
        assert fern.get(f"{SELLER}{other.pk}/change/").status_code == 404
        assert fern.post(f"{SELLER}{other.pk}/change/", form(name="Taken")).status_code == 404
    assert not Promotion.objects.filter(name="Taken").exists()


def test_nobody_deletes_a_promotion(fern, staff, shop):
    promotion = make_promotion(shop, percent=10)

    assert fern.post(f"{SELLER}{promotion.pk}/delete/", {"post": "yes"}).status_code == 403
    assert staff.post(f"{STAFF}{promotion.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Promotion.objects.exists()


def test_a_code_is_taken_once_in_a_shop_and_free_in_another(fern, shop, rival):
    make_promotion(rival, percent=10, code="SPRING")
    assert fern.post(f"{SELLER}add/", form(shop=shop.pk)).status_code == 302

    answer = fern.post(f"{SELLER}add/", form(shop=shop.pk))

    assert answer.status_code == 200
    assert b"This code is taken" in answer.content
    assert Promotion.objects.filter(shop=shop).count() == 1


def test_a_change_leaves_the_counter_alone(fern, shop, monkeypatch):
    promotion = make_promotion(shop, percent=10, max_uses=10)
    save = Promotion.save

    def meanwhile(self, **kwargs):
        Promotion.objects.filter(pk=self.pk).update(used=4)
        save(self, **kwargs)

    monkeypatch.setattr(Promotion, "save", meanwhile)
    answer = fern.post(f"{SELLER}{promotion.pk}/change/", form(name="Summer sale", code=""))

    assert answer.status_code == 302, answer.context["errors"]
    promotion.refresh_from_db()
    assert (promotion.name, promotion.used, promotion.basis_points) == ("Summer sale", 4, 1250)


def test_what_staff_change_is_in_the_audit(staff, shop):
    promotion = make_promotion(shop, percent=10)

    staff.post(f"{STAFF}{promotion.pk}/change/", form(market_basis_points="50"))

    entry = AuditEntry.objects.get(subject="carts.promotion")
    assert entry.after["market_basis_points"] == "5000"


def test_staff_share_what_a_market_wide_promotion_costs(staff):
    sent = form(kind="buy_get", buy_quantity="2", get_quantity="1", basis_points="100")

    answer = staff.post(f"{STAFF}add/", sent | {"market_basis_points": "33.33", "shop": ""})

    assert answer.status_code == 302, answer.context["errors"]
    promotion = Promotion.objects.get()
    assert (promotion.shop, promotion.market_basis_points) == (None, 3333)
    assert (promotion.payer, promotion.basis_points) == ("shared", 10_000)


@pytest.mark.parametrize("percent", ["", "0", "100.01", "abc", "12.345"])
def test_a_percentage_is_a_percentage(fern, shop, percent):
    answer = fern.post(f"{SELLER}add/", form(shop=shop.pk, basis_points=percent))

    assert answer.status_code == 200
    assert not Promotion.objects.exists()


def test_what_needs_no_percentage_asks_for_none(fern, shop):
    sent = form(shop=shop.pk, kind="amount", amount_minor="5.00", basis_points="")

    answer = fern.post(f"{SELLER}add/", sent)

    assert answer.status_code == 302, answer.context["errors"]
    assert Promotion.objects.get().amount_minor == 500


def test_the_list_costs_the_same_for_one_and_for_five(fern, staff, shop):
    def queries(client, url) -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(url)
        return len(captured)

    make_promotion(shop, percent=10)
    before = [queries(fern, SELLER), queries(staff, STAFF)]
    for n in range(4):
        make_promotion(shop, percent=5, name=f"Sale {n}", products=[make_variant(shop).product])
    assert [queries(fern, SELLER), queries(staff, STAFF)] == before
