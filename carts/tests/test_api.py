"""The cart of a person and of a guest: every answer is all of it."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from accounts.models import Shop
from accounts.tests.factories import make_shop, make_user
from carts.models import Cart, CartLine
from carts.services import baskets
from carts.tests.factories import make_shipping
from catalog.services import editing
from catalog.tests.factories import make_variant, stock_of
from marketflow.core.money import Money
from marketflow.core.tests.clients import api_for

pytestmark = pytest.mark.django_db

CART, ITEMS = "/api/v1/cart/", "/api/v1/cart/items/"


@pytest.fixture
def bowl(shop):
    make_shipping(shop, price=500)
    return make_variant(shop, "Oak bowl", price=2000, stock=5)


@pytest.fixture
def lamp(rival):
    make_shipping(rival, price=700)
    return make_variant(rival, "Brass lamp", price=3000, stock=5)


def add(client, variant, quantity: int = 1):
    return client.post(ITEMS, {"variant": str(variant.uuid), "quantity": quantity})


def item_url(answer) -> str:
    return f"{ITEMS}{answer.json()['groups'][0]['items'][0]['id']}/"


def euros(amount: int) -> dict:
    return {"amount": amount, "currency": "EUR"}


def test_the_cart_is_grouped_by_shop_and_adds_up(api, bowl, lamp):
    add(api, bowl, 2)
    cart = add(api, lamp).json()

    assert [group["shop"]["slug"] for group in cart["groups"]] == ["fern-co", "rival-goods"]
    assert [group["total"] for group in cart["groups"]] == [euros(4500), euros(3700)]
    assert cart["totals"]["goods"] == euros(7000)
    assert cart["totals"]["shipping"] == euros(1200)
    assert cart["totals"]["total"] == euros(8200)
    assert api.get(CART).json() == cart


def test_looking_at_a_cart_opens_none(api):
    cart = api.get(CART).json()

    assert (cart["groups"], cart["totals"]["total"]) == ([], euros(0))
    assert not Cart.objects.exists()


def test_a_quantity_is_set_and_0_takes_the_item_out(api, bowl):
    url = item_url(add(api, bowl))

    three = api.patch(url, {"quantity": 3}).json()
    none = api.patch(url, {"quantity": 0}).json()

    assert three["totals"]["goods"] == euros(6000)
    assert none["groups"] == []
    assert stock_of(bowl) == (5, 0)


def test_an_item_is_removed(api, bowl):
    assert api.delete(item_url(add(api, bowl))).json()["groups"] == []


def test_more_than_there_is_can_not_be_put_in(api, bowl):
    answer = add(api, bowl, 6)

    assert (answer.status_code, answer.json()["code"]) == (409, "out_of_stock")
    assert not CartLine.objects.exists()


def test_what_is_not_on_sale_does_not_exist(api, shop, seller):
    draft = make_variant(shop, "A draft", state="draft")

    assert add(api, draft).status_code == 404
    own = add(api_for(seller), draft)
    assert (own.status_code, own.json()["code"]) == (409, "not_for_sale")


def test_a_price_that_changed_is_explained_and_gives_another_quote(api, bowl):
    before = add(api, bowl).json()
    editing.change_variant(variant=bowl, price=Money(2500, "EUR"))

    after = api.get(CART).json()

    (item,) = after["groups"][0]["items"]
    assert (item["unit_price"], item["old_price"]) == (euros(2500), euros(2000))
    assert after["quote"] != before["quote"]


def test_where_it_goes_and_how_decides_what_it_costs(api, shop, bowl):
    express = make_shipping(shop, price=1500, name="Express", countries=["DE"])
    add(api, bowl)

    abroad = api.patch(CART, {"country": "DE", "postcode": "10115"}).json()
    chosen = api.patch(CART, {"shipping": {"fern-co": str(express.uuid)}}).json()
    home = api.patch(CART, {"country": "IE"}).json()

    assert (abroad["country"], abroad["postcode"]) == ("DE", "10115")
    assert abroad["totals"]["shipping"] == euros(500)
    assert chosen["totals"]["shipping"] == euros(1500)
    assert home["totals"]["shipping"] == euros(500)
    assert home["postcode"] == "10115"
    assert len({abroad["quote"], chosen["quote"], home["quote"]}) == 3


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"country": "XX"}, "country"),
        ({"postcode": "x" * 17}, "postcode"),
        ({"shipping": {"fern-co": "cheapest"}}, "shipping"),
        ({"shipping": {"\x00": "7f2a1a0e-6a5d-4a7b-9a43-1f2b3c4d5e6f"}}, "shipping"),
        ({"shipping": []}, "shipping"),
        ({"buyer": 1}, "buyer"),
        ({"quote": "x"}, "quote"),
        ({"totals": {"total": 0}}, "totals"),
    ],
)
def test_what_a_cart_can_not_be_told_is_named(api, bowl, body, field):
    before = add(api, bowl).json()

    answer = api.patch(CART, body)

    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])
    assert api.get(CART).json() == before


def test_a_guest_finds_the_cart_by_its_token_alone(bowl):
    guest = APIClient()
    first = add(guest, bowl)
    token = first.headers["X-Cart-Token"]
    assert first.json()["token"] == token

    again = APIClient().get(CART, headers={"X-Cart-Token": token})

    assert again.json()["groups"] == first.json()["groups"]
    assert again.headers["Cache-Control"] == "private, no-store"
    for wrong in ("made-up", token[:-1], token.upper()):
        assert APIClient().get(CART, headers={"X-Cart-Token": wrong}).json()["groups"] == []


def test_a_guest_may_ask_for_a_token_first(bowl):
    guest = APIClient()
    token = guest.get(CART).json()["token"]

    add(APIClient(HTTP_X_CART_TOKEN=token), bowl)

    cart = guest.get(CART, headers={"X-Cart-Token": token}).json()
    assert len(cart["groups"]) == 1
    assert not Cart.objects.filter(token_hash=token).exists()


def test_items_of_other_carts_do_not_exist(api, bowl):
    foreign = item_url(add(api_for(make_user("sam")), bowl))
    unknown = api.get("/api/v1/nothing/").content

    for answer in (api.patch(foreign, {"quantity": 5}), api.delete(foreign)):
        assert (answer.status_code, answer.content) == (404, unknown)
    assert CartLine.objects.get().quantity == 1


def test_a_signed_in_person_has_their_own_cart_whatever_token_they_hold(api, bowl):
    guest = APIClient()
    token = add(guest, bowl).headers["X-Cart-Token"]

    cart = api.get(CART, headers={"X-Cart-Token": token}).json()

    assert cart["groups"] == []
    assert "token" not in cart


def test_a_cart_costs_the_same_for_five_and_fifty(api, shop, django_assert_max_num_queries):
    make_shipping(shop)
    costs = []
    for size in (5, 45):
        for number in range(size):
            add(api, make_variant(shop, f"Bowl {size} {number}"))
        with django_assert_max_num_queries(10) as queries:
            api.get(CART)
        costs.append(len(queries))
    assert costs[0] == costs[1]


UNKNOWN = "7f2a1a0e-6a5d-4a7b-9a43-1f2b3c4d5e6f"


def test_a_delivery_option_or_a_shop_that_never_was_is_named(api, shop, rival, bowl):
    own, foreign = make_shipping(shop), make_shipping(rival)
    make_shop("Not Yet", state="applied")
    before = add(api, bowl).json()

    for shipping, name in (
        ({"fern-co": UNKNOWN}, UNKNOWN),
        ({"fern-co": str(foreign.uuid)}, str(foreign.uuid)),
        ({"fern-co": str(own.uuid), "no-such": str(own.uuid)}, "no-such"),
        ({"fern-co": str(own.uuid), "not-yet": str(own.uuid)}, "not-yet"),
    ):
        answer = api.patch(CART, {"shipping": shipping, "postcode": "D02"})
        assert (answer.status_code, list(answer.json()["fields"])) == (400, ["shipping"])
        assert name in answer.json()["fields"]["shipping"][0]

    assert api.get(CART).json() == before


@pytest.mark.parametrize("state", ["open", "suspended"])
def test_what_is_remembered_of_a_shop_that_left_the_cart_is_left_out(
    api, buyer, shop, bowl, lamp, state
):
    express = make_shipping(shop, price=1500, name="Express")
    gone = make_shipping(lamp.shop)
    add(api, bowl)
    add(api, lamp)
    baskets.save_for_later(Cart.objects.get(), str(CartLine.objects.get(variant=lamp).uuid))
    Shop.objects.filter(pk=lamp.shop_id).update(state=state)

    shipping = {"fern-co": str(express.uuid), "rival-goods": str(gone.uuid)}
    gone.delete()
    answer = api.patch(CART, {"shipping": shipping, "postcode": "D02"})

    assert (answer.status_code, answer.json()["postcode"]) == (200, "D02")
    assert answer.json()["totals"]["shipping"] == euros(1500)
    assert Cart.objects.get().shipping == {"fern-co": str(express.uuid)}


def test_who_has_no_cart_chooses_no_delivery_and_opens_none(shop):
    option = make_shipping(shop)

    answer = APIClient().patch(CART, {"shipping": {"fern-co": str(option.uuid)}})
    wrong = APIClient().patch(CART, {"shipping": {"no-such": str(option.uuid)}})

    assert (answer.status_code, answer.json()["groups"]) == (200, [])
    assert (wrong.status_code, list(wrong.json()["fields"])) == (400, ["shipping"])
    assert not Cart.objects.exists()
