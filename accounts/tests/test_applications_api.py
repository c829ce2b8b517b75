"""Programs of the marketplace decide applications for shops, as staff do on their page."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from rest_framework.test import APIClient

from accounts.models import Shop
from accounts.services import api_keys, shops
from accounts.tests.factories import make_user
from marketflow.core.models import AuditEntry, OutboxEvent
from marketflow.core.tests.clients import api_for

pytestmark = pytest.mark.django_db

LIST = "/api/v1/shop-applications/"
APPROVE, REJECT = f"{LIST}oak-and-ash/approval/", f"{LIST}oak-and-ash/rejection/"
REASON = {"reason": "Name a legal address."}


@pytest.fixture
def applied() -> Shop:
    return shops.apply(user=make_user("olga"), name="Oak & Ash", slug="oak-and-ash", country="IE")


@pytest.fixture
def boss():
    return make_user("boss", is_staff=True, is_superuser=True)


@pytest.fixture
def vera():
    """Staff whose job this is."""
    vera = make_user("vera", is_staff=True)
    vera.user_permissions.add(Permission.objects.get(codename="change_shop"))
    return vera


def with_key(by, *scopes: str, shop: Shop | None = None) -> APIClient:
    _key, text = api_keys.make(by=by, shop=shop, name="Checks", scopes=scopes)
    return APIClient(headers={"Authorization": f"Bearer {text}"})


def state_of(shop: Shop) -> tuple[str, str]:
    shop.refresh_from_db()
    return shop.state, shop.state_reason


def test_a_program_of_the_marketplace_opens_a_shop(applied, boss):
    program = with_key(boss, "applications:read", "applications:write")

    waiting = program.get(LIST).json()
    answer = program.post(APPROVE)

    assert [row["slug"] for row in waiting["results"]] == ["oak-and-ash"]
    assert (answer.status_code, answer.json()["state"]) == (201, "open")
    assert state_of(applied) == ("open", "")
    assert OutboxEvent.objects.filter(name__endswith="ShopOpened").count() == 1
    assert AuditEntry.objects.get(action="shop_open").actor == boss
    assert program.get(LIST).json()["count"] == 0


def test_it_sends_one_back_with_what_to_change(applied, boss):
    answer = with_key(boss, "applications:write").post(REJECT, REASON)

    assert (answer.status_code, answer.json()["state_reason"]) == (201, REASON["reason"])
    assert state_of(applied) == ("refused", REASON["reason"])
    assert OutboxEvent.objects.filter(name__endswith="ShopRefused").count() == 1


def test_staff_whose_job_it_is_do_so_by_their_token(applied, vera):
    client = api_for(vera)

    assert client.get(f"{LIST}oak-and-ash/").json()["name"] == "Oak & Ash"
    assert client.post(APPROVE).status_code == 201
    assert state_of(applied)[0] == "open"


def test_without_a_reason_nothing_is_refused(applied, vera):
    answer = api_for(vera).post(REJECT, {})

    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["reason"])
    assert state_of(applied) == ("applied", "")


def test_what_is_decided_is_not_decided_again(applied, vera, boss):
    shops.approve(shop=applied, by=boss)

    answers = [api_for(vera).post(APPROVE), api_for(vera).post(REJECT, REASON)]

    assert [(one.status_code, one.json()["code"]) for one in answers] == [(409, "wrong_state")] * 2
    assert state_of(applied) == ("open", "")


def test_to_everybody_else_there_are_no_applications(applied, seller, shop, boss):
    mere_staff = make_user("sid", is_staff=True)
    clients = [
        api_for(applied.members.get()),
        api_for(seller),
        api_for(mere_staff),
        with_key(seller, "shop:read", shop=shop),
        with_key(mere_staff, "applications:read", "applications:write"),
    ]

    for client in clients:
        assert client.get(f"{LIST}oak-and-ash/").status_code == 404
        assert client.post(APPROVE).status_code == 404
        assert client.post(REJECT, REASON).status_code == 404
    assert APIClient().get(LIST).status_code == 401
    assert state_of(applied) == ("applied", "")


def test_a_key_decides_nothing_without_the_scope(applied, boss):
    answer = with_key(boss, "applications:read").post(APPROVE)

    assert (answer.status_code, answer.json()["scope"]) == (403, "applications:write")
    assert state_of(applied)[0] == "applied"


def test_a_key_of_a_shop_can_not_have_the_scope(seller, shop, client):
    with pytest.raises(ValueError, match="applications"):
        api_keys.make(by=seller, shop=shop, name="Mine", scopes=["applications:write"])

    client.force_login(seller)
    offered = client.get("/seller/accounts/apikey/add/").content.decode()
    assert "webhooks:write" in offered
    assert "applications:write" not in offered


def test_where_staff_need_a_second_factor_they_need_it_here(applied, vera, boss, settings):
    program = with_key(boss, "applications:write")
    settings.REQUIRE_MFA = True

    answer = api_for(vera).post(APPROVE)

    assert (answer.status_code, answer.json()["code"]) == (403, "second_factor_required")
    assert state_of(applied)[0] == "applied"
    # Whoever made the key showed it then.
    assert program.post(APPROVE).status_code == 201


def test_the_list_costs_the_same_for_one_and_for_five(applied, vera, django_assert_num_queries):
    client = api_for(vera)
    client.get(LIST)
    with django_assert_num_queries(2):
        client.get(LIST)

    for number in range(4):
        person = make_user(f"maker{number}")
        shops.apply(user=person, name=f"Shop {number}", slug=f"shop-{number}", country="IE")
    with django_assert_num_queries(2):
        assert client.get(LIST).json()["count"] == 5
