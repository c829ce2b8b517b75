"""API keys: what a program of a shop may do, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils.timezone import now
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from accounts.models import ApiKey, ShopMember
from accounts.services import api_keys, members, privacy
from accounts.tests.factories import make_shop, make_user
from catalog.tests.factories import make_variant
from marketflow.core.api.exceptions import NOT_FOUND
from marketflow.core.api.permissions import DenyAll, Policy
from marketflow.core.api.scopes import OF_THE_HOUSE, SCOPES
from marketflow.core.models import AuditEntry
from marketflow.tests.views import api_views
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db


def make_key(by, shop, *scopes: str, **values) -> str:
    """With every scope that a shop's key may have, unless `scopes` are named."""
    wanted = scopes or SCOPES.keys() - OF_THE_HOUSE
    _key, text = api_keys.make(by=by, shop=shop, name="ERP", scopes=wanted, **values)
    return text


def program(text: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    return client


def refused(answer, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content


@pytest.fixture
def part(buyer, shop):
    return make_order(
        buyer, make_variant(shop, "Oak bowl", stock=5), paid=True
    ).seller_orders.get()


# --- the key itself


def test_a_key_is_shown_once_and_kept_as_a_digest(seller, shop):
    key, text = api_keys.make(by=seller, shop=shop, name="ERP", scopes=["orders:read"])

    row = ApiKey.objects.filter(pk=key.pk).values().get()
    assert text.startswith(row["prefix"]) and len(text) - len(row["prefix"]) == 32
    assert text not in str(row)
    assert AuditEntry.objects.get().action == "api_key_made"
    assert text not in str(AuditEntry.objects.get().after)


def test_a_key_opens_what_its_scopes_name(seller, shop, part):
    erp = program(make_key(seller, shop, "orders:read"))

    found = erp.get("/api/v1/seller-orders/").json()["results"]

    assert [row["number"] for row in found] == [part.number]


def test_without_the_scope_it_is_named_and_nothing_is_done(seller, shop, part):
    erp = program(make_key(seller, shop, "orders:read"))

    answer = erp.post(f"/api/v1/seller-orders/{part.number}/shipment/", {"carrier": "An Post"})

    refused(answer, 403, "missing_scope")
    assert answer.json()["scope"] == "orders:write"
    part.refresh_from_db()
    assert part.state == "paid"


def test_money_wants_a_scope_of_its_own(seller, shop, part):
    erp = program(make_key(seller, shop, "orders:read", "orders:write"))

    answer = erp.post(
        f"/api/v1/seller-orders/{part.number}/refunds/",
        {"shipping": True, "reason": "Late"},
        headers={"Idempotency-Key": "k"},
    )

    refused(answer, 403, "missing_scope")
    assert answer.json()["scope"] == "refunds:write"


def test_what_is_not_the_shops_is_unknown_with_or_without_the_scope(seller, shop, rival, buyer):
    foreign = make_order(buyer, make_variant(rival, "Lamp"), paid=True).seller_orders.get()

    for text in (make_key(seller, shop), make_key(seller, shop, "orders:read")):
        for number in (foreign.number, "MF-UNKNOWN1-1"):
            answer = program(text).post(f"/api/v1/seller-orders/{number}/shipment/", {})
            assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


def test_a_key_acts_for_its_own_shop_though_its_maker_has_two(seller, shop, buyer):
    second = make_shop("Fern Two", members=["fern"])
    theirs = make_order(buyer, make_variant(second, "Lamp"), paid=True).seller_orders.get()
    erp = program(make_key(seller, shop))

    assert erp.get("/api/v1/seller-orders/").json()["count"] == 0
    assert erp.get(f"/api/v1/seller-orders/{theirs.number}/").status_code == 404
    assert erp.get("/api/v1/shops/fern-two/balance/").status_code == 404
    made = {"shop": "fern-two", "title": "New"}
    assert erp.post("/api/v1/products/", made).status_code == 404
    assert (
        program(make_key(seller, second)).get("/api/v1/shops/fern-two/balance/").status_code == 200
    )


def test_what_its_maker_bought_is_none_of_a_keys_business(seller, shop, rival):
    bought = make_order(seller, make_variant(rival, "Lamp"), paid=True)
    erp = program(make_key(seller, shop))

    for path in ("orders/", f"orders/{bought.number}/", "cart/", "users/me/", "wishlist/"):
        refused(erp.get(f"/api/v1/{path}"), 403, "not_for_keys")
    assert erp.get("/api/v1/returns/").json()["count"] == 0


def test_a_key_makes_no_account_and_no_shop(seller, shop):
    erp = program(make_key(seller, shop))

    refused(erp.delete("/api/v1/users/me/", {"password": "x"}), 403, "not_for_keys")
    body = {"name": "N", "slug": "n", "country": "IE"}
    refused(erp.post("/api/v1/shops/", body), 403, "not_for_keys")
    refused(erp.post("/api/v1/auth/password/change/", {}), 403, "not_for_keys")


def test_an_unknown_address_is_unknown_to_keys_too(seller, shop):
    answer = program(make_key(seller, shop)).get("/api/v1/nothing/")

    assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


# --- its end


def test_a_key_ends_when_revoked_expired_or_left_behind(seller, shop):
    key, text = api_keys.make(by=seller, shop=shop, name="ERP", scopes=["orders:read"])
    old = make_key(seller, shop, expires_at=now() - timedelta(seconds=1))
    assert program(text).get("/api/v1/seller-orders/").status_code == 200

    api_keys.revoke(key=key, by=seller)

    for ended in (text, old, "mfk_unknown", "mfk_"):
        refused(program(ended).get("/api/v1/seller-orders/"), 401, "key_invalid")


def test_who_leaves_the_shop_leaves_no_key_behind(shop):
    max_ = make_user("max")
    seat = ShopMember.objects.create(shop=shop, user=max_, role="manager")
    erp = program(make_key(max_, shop))
    assert erp.get("/api/v1/seller-orders/").status_code == 200

    members.change_role(member=seat, role="support", by=max_)
    refused(erp.get("/api/v1/seller-orders/"), 401, "key_invalid")
    seat.delete()

    refused(erp.get("/api/v1/seller-orders/"), 401, "key_invalid")


@pytest.mark.parametrize("end", ["banned", "deleted"])
def test_a_key_of_nobody_opens_nothing(shop, end):
    max_ = make_user("max")
    ShopMember.objects.create(shop=shop, user=max_, role="manager")
    erp = program(make_key(max_, shop))

    if end == "banned":
        max_.is_active = False
        max_.save()
    else:
        privacy.delete_account(user=max_)

    refused(erp.get("/api/v1/seller-orders/"), 401, "key_invalid")


def test_a_manager_can_not_do_by_key_what_only_an_owner_may(shop):
    max_ = make_user("max")
    ShopMember.objects.create(shop=shop, user=max_, role="manager")

    answer = program(make_key(max_, shop)).patch("/api/v1/shops/fern-co/", {"tagline": "x"})

    assert answer.status_code == 404
    shop.refresh_from_db()
    assert shop.tagline == ""


# --- use


def test_its_use_is_noted_at_most_once_a_minute(seller, shop, django_assert_num_queries):
    erp = program(make_key(seller, shop))
    erp.get("/api/v1/seller-orders/")
    first = ApiKey.objects.get().last_used_at
    assert first is not None

    with django_assert_num_queries(3):  # the key, the seat, no orders to count
        erp.get("/api/v1/seller-orders/")
    assert ApiKey.objects.get().last_used_at == first

    ApiKey.objects.update(last_used_at=now() - timedelta(minutes=2))
    erp.get("/api/v1/seller-orders/")
    assert ApiKey.objects.get().last_used_at >= first


def test_requests_of_a_key_are_counted(seller, shop, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"api_key": "1/60"}
    erp = program(make_key(seller, shop))
    assert erp.get("/api/v1/seller-orders/").status_code == 200

    answer = erp.get("/api/v1/seller-orders/")

    refused(answer, 429, "rate_limited")
    assert 0 < int(answer.headers["Retry-After"]) <= 60


def test_two_keys_of_one_person_do_not_share_their_idempotency_keys(seller, shop):
    second = make_shop("Fern Two", members=["fern"])
    answers = [
        program(make_key(seller, one)).post(
            "/api/v1/products/",
            {"shop": one.slug, "title": "Bowl"},
            headers={"Idempotency-Key": "same"},
        )
        for one in (shop, second)
    ]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert "Idempotent-Replayed" not in answers[1].headers


def test_the_marketplaces_own_key_acts_for_its_maker_while_they_are_staff(shop):
    vera = make_user("vera", is_staff=True)
    make_shop("Waiting", state="applied", slug="waiting")
    own = program(make_key(vera, None, "shop:read"))
    assert own.get("/api/v1/shops/waiting/").status_code == 200

    refused(own.get("/api/v1/products/"), 403, "missing_scope")
    vera.is_staff = False
    vera.save()

    refused(own.get("/api/v1/shops/waiting/"), 401, "key_invalid")


def test_a_scope_that_is_none_is_refused(seller, shop):
    for scopes in ([], ["orders:all"]):
        with pytest.raises(ValueError):
            api_keys.make(by=seller, shop=shop, name="ERP", scopes=scopes)
    assert not ApiKey.objects.exists()


# --- the reference


def test_the_reference_names_the_scope_of_every_operation():
    schema = SchemaGenerator().get_schema(request=None, public=True)

    def scopes(path: str, method: str) -> list[str] | None:
        ways = schema["paths"][f"/api/v1/{path}"][method]["security"]
        return next((way["apiKey"] for way in ways if "apiKey" in way), None)

    assert scopes("seller-orders/", "get") == ["orders:read"]
    assert scopes("seller-orders/{number}/shipment/", "post") == ["orders:write"]
    assert scopes("seller-orders/{number}/refunds/", "post") == ["refunds:write"]
    assert scopes("products/{slug}/", "patch") == ["products:write"]
    assert scopes("returns/{id}/withdrawal/", "post") is None
    assert scopes("checkout/", "post") is None
    named = {
        scope
        for methods in schema["paths"].values()
        for operation in methods.values()
        for way in operation.get("security", [])
        for scope in way.get("apiKey", [])
    }
    assert named <= set(SCOPES)
    assert "`orders:read`" in schema["components"]["securitySchemes"]["apiKey"]["description"]


def test_every_way_in_asks_keys_for_scopes():
    """A view whose policy is not the house's would let any key in."""
    views = list(api_views())
    assert len(views) > 20
    for view in views:
        assert view.permission_classes, view
        assert all(issubclass(one, (Policy, DenyAll)) for one in view.permission_classes), view
    assert settings.REST_FRAMEWORK["DEFAULT_PERMISSION_CLASSES"] == [
        "marketflow.core.api.permissions.DenyAll"
    ]
