"""`users/me/…` and `shops/…`: one's own, and nobody else's."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from accounts.models import Address, Shop, ShopMember, User
from accounts.tests.factories import PASSWORD, make_address, make_shop, make_user
from marketflow.core.tests.clients import api_for

pytestmark = pytest.mark.django_db

ME, ADDRESSES, SHOPS = "/api/v1/users/me/", "/api/v1/users/me/addresses/", "/api/v1/shops/"


def address_url(address: Address) -> str:
    return f"{ADDRESSES}{address.uuid}/"


# --- the profile


def test_a_person_sees_and_changes_their_profile(api, buyer):
    answer = api.patch(ME, {"name": "Ana B.", "wants_news": True})

    assert answer.status_code == 200
    assert answer.json() == api.get(ME).json()
    assert set(answer.json()) == {"id", "email", "name", "wants_news", "date_joined", "shops"}
    buyer.refresh_from_db()
    assert (buyer.name, buyer.wants_news) == ("Ana B.", True)


def test_members_see_the_shops_they_work_for(seller, shop):
    assert api_for(seller).get(ME).json()["shops"] == [shop.slug]


@pytest.mark.parametrize(
    "field",
    ["email", "is_staff", "is_superuser", "is_active", "session_version", "password", "shops"],
)
def test_what_is_not_theirs_to_change_is_an_unknown_field(api, buyer, field):
    before = User.objects.filter(pk=buyer.pk).values().get()

    answer = api.patch(ME, {"name": "New", field: True})

    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])
    assert User.objects.filter(pk=buyer.pk).values().get() == before


def test_an_account_is_deleted_by_its_password(api, buyer):
    refused = api.delete(ME, {"password": "wrong"})
    assert (refused.status_code, list(refused.json()["fields"])) == (400, ["password"])
    buyer.refresh_from_db()
    assert buyer.is_active

    assert api.delete(ME, {"password": PASSWORD}).status_code == 204

    buyer.refresh_from_db()
    assert (buyer.is_active, buyer.name) == (False, "")


def test_who_owns_a_shop_stays_until_it_is_handed_over(seller):
    answer = api_for(seller).delete(ME, {"password": PASSWORD})

    seller.refresh_from_db()
    assert (answer.status_code, answer.json()["code"]) == (409, "runs_a_shop")
    assert seller.is_active


# --- the address book


def test_an_address_is_added_changed_and_removed(api, buyer):
    made = api.post(ADDRESSES, make_address())
    assert (made.status_code, made.json()["is_default"]) == (201, True)
    address = Address.objects.get()

    changed = api.patch(address_url(address), {"city": "Cork"})
    assert (changed.json()["city"], changed.json()["line1"]) == ("Cork", "1 Mill Lane")
    assert changed.json()["is_default"]

    assert api.delete(address_url(address)).status_code == 204
    assert api.get(ADDRESSES).json()["results"] == []


def test_addresses_of_others_do_not_exist(api, stranger):
    foreign = make_address(stranger)
    unknown = api.get(f"{ADDRESSES}{foreign.uuid}x/")

    for method, body in (("get", None), ("patch", {"city": "Cork"}), ("delete", None)):
        answer = getattr(api, method)(address_url(foreign), body)
        assert (answer.status_code, answer.content) == (404, unknown.content)
    foreign.refresh_from_db()
    assert foreign.city == "Dublin"
    assert api.get(ADDRESSES).json()["count"] == 0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"country": "XX"}, "country"),
        ({"country": ""}, "country"),
        ({"name": ""}, "name"),
        ({"line1": "x" * 121}, "line1"),
        ({"city": "\x00"}, "city"),
        ({"user": 1}, "user"),
        ({"uuid": "x"}, "uuid"),
    ],
)
def test_an_address_that_can_not_be_is_refused_by_field(api, changes, field):
    answer = api.post(ADDRESSES, make_address() | changes)

    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])
    assert not Address.objects.exists()


def test_an_address_book_has_an_end(api, buyer):
    for number in range(Address.MOST):
        make_address(buyer, line1=str(number))

    answer = api.post(ADDRESSES, make_address())

    assert (answer.status_code, answer.json()["code"]) == (409, "address_book_full")
    assert buyer.addresses.count() == Address.MOST


# --- shops


def test_everybody_reads_the_open_shops(shop):
    make_shop("Hidden", state="applied")
    visitor = APIClient()

    assert [one["slug"] for one in visitor.get(SHOPS).json()["results"]] == [shop.slug]
    public = visitor.get(f"{SHOPS}{shop.slug}/").json()
    assert not {"state", "legal_name", "vat_number", "email"} & set(public)
    assert visitor.get(f"{SHOPS}hidden/").status_code == 404


def test_an_application_waits_for_staff(api, buyer):
    answer = api.post(SHOPS, {"name": "New", "slug": "new", "country": "IE"})

    assert (answer.status_code, answer.json()["state"]) == (201, "applied")
    shop = Shop.objects.get()
    assert shop.memberships.get().user == buyer
    assert APIClient().get(f"{SHOPS}new/").status_code == 404
    assert api.get(f"{SHOPS}new/").status_code == 200


@pytest.mark.parametrize("field", ["state", "opened_at", "commission_rate", "members", "uuid"])
def test_an_application_does_not_open_itself(api, field):
    body = {"name": "New", "slug": "new", "country": "IE", field: "open"}

    answer = api.post(SHOPS, body)

    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])
    assert not Shop.objects.exists()


def test_an_address_that_is_taken_is_refused(api, shop):
    answer = api.post(SHOPS, {"name": "Mine", "slug": shop.slug, "country": "IE"})

    assert (answer.status_code, answer.json()["code"]) == (409, "slug_taken")


def test_an_owner_changes_the_shop_and_plans_a_vacation(seller, shop):
    answer = api_for(seller).patch(
        f"{SHOPS}{shop.slug}/",
        {"tagline": "Green things", "returns_days": 60, "away_from": "2030-01-01"},
    )

    shop.refresh_from_db()
    assert answer.status_code == 200
    assert (shop.tagline, shop.returns_days, str(shop.away_from)) == (
        "Green things",
        60,
        "2030-01-01",
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"state": "open"}, "state"),
        ({"slug": "other"}, "slug"),
        ({"returns_days": "30"}, "returns_days"),
        ({"returns_days": 30.5}, "returns_days"),
        ({"returns_days": True}, "returns_days"),
        ({"returns_days": -1}, "returns_days"),
        ({"returns_days": 10**30}, "returns_days"),
        ({"country": "??"}, "country"),
    ],
)
def test_what_a_shop_can_not_be_is_refused_by_field(seller, shop, changes, field):
    before = Shop.objects.filter(pk=shop.pk).values().get()

    answer = api_for(seller).patch(f"{SHOPS}{shop.slug}/", {"tagline": "New"} | changes)

    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])
    assert Shop.objects.filter(pk=shop.pk).values().get() == before


def test_only_its_owner_changes_a_shop(shop, rival, stranger):
    helper = make_user("helper")
    ShopMember.objects.create(shop=shop, user=helper, role=ShopMember.Role.MANAGER)

    for person in (stranger, helper, rival.members.get()):
        answer = api_for(person).patch(f"{SHOPS}{shop.slug}/", {"name": "Mine"})
        assert answer.status_code == 404
    shop.refresh_from_db()
    assert shop.name == "Fern & Co"
