from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.tests.factories import make_address
from carts.tests.factories import make_shipping
from catalog.tests.factories import make_variant, stock_of
from marketflow.core.tests.clients import api_for
from orders.gateways.test import ASKS_FIRST, CAPTURED, DECLINED
from orders.models import Order, Payment, SellerOrder
from orders.services import cancelling, fulfilment
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db


MOST_STATEMENTS = 60


def key(text: str = "k1") -> dict[str, str]:
    return {"Idempotency-Key": text}


@pytest.fixture
def bowl(shop):
    make_shipping(shop)
    return make_variant(shop, "Oak bowl", stock=5)


@pytest.fixture
def lamp(rival):
    make_shipping(rival)
    return make_variant(rival, "Brass lamp", stock=5)


@pytest.fixture
def guest():
    return APIClient()


def put_in(client, *variants, quantity=1, headers=None):
    headers = headers or {}
    for variant in variants:
        body = {"variant": str(variant.uuid), "quantity": quantity}
        answer = client.post("/api/v1/cart/items/", body, headers=headers)
        assert answer.status_code == 201, answer.content
        headers = headers | {"X-Cart-Token": answer.headers.get("X-Cart-Token", "")}
    return answer.json(), headers


def check_out(client, cart, headers, **changes):
    body = {
        "quote": cart["quote"],
        "email": "guest@example.test",
        "shipping_address": make_address(),
    } | changes
    return client.post("/api/v1/checkout/", body, headers=headers | key())


def test_a_guest_buys_from_two_shops_and_pays_once(guest, bowl, lamp):
    cart, headers = put_in(guest, bowl, lamp)

    placed = check_out(guest, cart, headers)

    order = placed.json()
    assert placed.status_code == 201
    assert (order["state"], len(order["seller_orders"])) == ("awaiting_payment", 2)
    assert (
        order["totals"]["total"]
        == cart["totals"]["total"]
        == {
            "amount": 5000,
            "currency": "EUR",
        }
    )
    opened = {"X-Order-Token": order["token"]}
    paid = guest.post(
        f"/api/v1/orders/{order['number']}/payments/",
        {"method": "test", "card": CAPTURED},
        headers=opened | key(),
    )
    assert (paid.status_code, paid.json()["status"]) == (201, "captured")
    seen = guest.get(f"/api/v1/orders/{order['number']}/", headers=opened).json()
    assert seen["state"] == "paid"
    assert {part["state"] for part in seen["seller_orders"]} == {"paid"}
    call_command("audit")


def test_the_answer_of_a_checkout_is_what_reading_the_order_says(guest, bowl, lamp):
    """It is made of what was just written, without reading any of it again."""
    cart, headers = put_in(guest, bowl, lamp, quantity=2)

    placed = check_out(guest, cart, headers).json()

    opened = {"X-Order-Token": placed.pop("token")}
    assert guest.get(f"/api/v1/orders/{placed['number']}/", headers=opened).json() == placed


def test_a_whole_checkout_asks_the_database_little(guest, buyer, bowl, lamp):
    """Two items, where they go, the order and its payment. Savepoints are the test's own."""
    # Not the first sale of these shops, whose accounts are opened with it.
    make_order(buyer, bowl, lamp, paid=True)

    with CaptureQueriesContext(connection) as captured:
        _, headers = put_in(guest, bowl, lamp)
        cart = guest.patch("/api/v1/cart/", {"country": "IE"}, headers=headers).json()
        order = check_out(guest, cart, headers).json()
        opened = {"X-Order-Token": order["token"]}
        card = {"method": "test", "card": CAPTURED}
        url = f"/api/v1/orders/{order['number']}/payments/"
        assert guest.post(url, card, headers=opened | key()).json()["status"] == "captured"

    statements = [q["sql"] for q in captured if "SAVEPOINT" not in q["sql"]]
    assert len(statements) <= MOST_STATEMENTS, "\n".join(sql[:120] for sql in statements)


def test_a_cart_is_found_by_its_token_and_by_no_other(guest, bowl):
    cart, headers = put_in(guest, bowl)

    assert guest.get("/api/v1/cart/", headers=headers).json()["groups"] == cart["groups"]
    assert guest.get("/api/v1/cart/").json()["groups"] == []
    forged = {"X-Cart-Token": "made-up"}
    assert guest.get("/api/v1/cart/", headers=forged).json()["groups"] == []


def test_checkout_needs_a_key(api, bowl):
    put_in(api, bowl)

    answer = api.post("/api/v1/checkout/", {"quote": "x"})

    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_required")
    assert not Order.objects.exists()


def test_the_same_key_gives_the_same_bytes_and_one_order(api, bowl):
    cart, headers = put_in(api, bowl)

    first = check_out(api, cart, headers)
    again = check_out(api, cart, headers)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert again.headers["Idempotent-Replayed"] == "true"
    assert Order.objects.count() == 1


def test_the_same_key_with_another_body_is_refused(api, bowl):
    cart, headers = put_in(api, bowl)
    check_out(api, cart, headers)

    answer = check_out(api, cart, headers, note="and a card")

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert Order.objects.count() == 1


def test_a_refusal_may_be_tried_again_with_its_key(api, bowl):
    cart, headers = put_in(api, bowl)
    refused = check_out(api, cart, headers, quote="old")
    assert (refused.status_code, refused.json()["code"]) == (409, "price_changed")
    assert stock_of(bowl) == (5, 0)

    accepted = check_out(api, cart, headers, quote=refused.json()["cart"]["quote"])

    assert accepted.status_code == 201


def test_too_few_left_names_the_item_and_takes_nothing(api, stranger, bowl):
    cart, headers = put_in(api, bowl, quantity=4)
    make_order(stranger, bowl, quantity=3)

    answer = check_out(api, cart, headers)

    assert (answer.status_code, answer.json()["code"]) == (409, "out_of_stock")
    assert answer.json()["items"] == [
        {"variant": str(bowl.uuid), "title": "Oak bowl", "available": 2}
    ]
    assert stock_of(bowl) == (5, 3)


def test_an_empty_cart_is_no_order(api):
    answer = check_out(api, {"quote": "x"}, {})

    assert (answer.status_code, answer.json()["code"]) == (409, "empty_cart")


def test_an_unknown_field_is_named(api, bowl):
    cart, headers = put_in(api, bowl)

    answer = check_out(api, cart, headers, total=1)

    assert answer.status_code == 400
    assert answer.json() == {
        "code": "invalid",
        "detail": "Some of this can't be accepted.",
        "fields": {"total": ["Unknown field."]},
    }
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("card", "status", "failure"),
    [(DECLINED, "failed", "card_declined"), (ASKS_FIRST, "requires_action", "")],
)
def test_cards_that_do_not_pay_at_once(api, buyer, bowl, settings, card, status, failure):
    order = make_order(buyer, bowl)

    answer = api.post(
        f"/api/v1/orders/{order.number}/payments/",
        {"method": "test", "card": card},
        headers=key(),
    )

    order.refresh_from_db()
    told = answer.json()
    assert (answer.status_code, told["status"], told["failure"]) == (201, status, failure)
    # Whole, so that any program can send its buyer there.
    asks = status == "requires_action"
    assert told["action_url"].startswith(f"{settings.SITE_URL}/orders/") == asks
    assert bool(told["action_url"]) == asks
    assert order.state == "awaiting_payment"
    assert stock_of(bowl) == (5, 1)


def test_a_declined_card_leaves_room_for_another(api, buyer, bowl):
    order = make_order(buyer, bowl)
    url = f"/api/v1/orders/{order.number}/payments/"
    api.post(url, {"method": "test", "card": DECLINED}, headers=key("a"))

    answer = api.post(url, {"method": "test", "card": CAPTURED}, headers=key("b"))

    assert answer.json()["status"] == "captured"
    assert Payment.objects.filter(order=order).count() == 2


def test_what_is_paid_is_not_paid_again(api, buyer, bowl):
    order = make_order(buyer, bowl, paid=True)

    answer = api.post(
        f"/api/v1/orders/{order.number}/payments/",
        {"method": "test", "card": CAPTURED},
        headers=key(),
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "already_paid")
    assert Payment.objects.count() == 1


def test_what_was_cancelled_is_not_paid(api, buyer, bowl):
    order = make_order(buyer, bowl)
    cancelling.cancel(order=order)

    answer = api.post(
        f"/api/v1/orders/{order.number}/payments/",
        {"method": "test", "card": CAPTURED},
        headers=key(),
    )

    assert answer.status_code == 409
    assert answer.json() == {
        "code": "order_expired",
        "detail": "This order was cancelled.",
        "number": order.number,
        "state": "cancelled",
    }
    assert not Payment.objects.exists()


def test_orders_of_others_do_not_exist(buyer, stranger, seller, bowl):
    order = make_order(buyer, bowl)
    unknown = api_for(stranger).get("/api/v1/orders/MF-UNKNOWN1/")

    for person in (stranger, seller):
        foreign = api_for(person).get(f"/api/v1/orders/{order.number}/")
        assert (foreign.status_code, foreign.content) == (404, unknown.content)
    wrong = APIClient().get(f"/api/v1/orders/{order.number}/", headers={"X-Order-Token": "x"})
    assert (wrong.status_code, wrong.content) == (404, unknown.content)


def test_a_shop_ships_its_part_and_sees_no_other(buyer, seller, bowl, lamp):
    order = make_order(buyer, bowl, lamp, paid=True)
    part = order.seller_orders.get(shop=bowl.shop)
    foreign = order.seller_orders.get(shop=lamp.shop)
    shop_api = api_for(seller)

    assert [row["number"] for row in shop_api.get("/api/v1/seller-orders/").json()["results"]] == [
        part.number
    ]
    refused = shop_api.post(f"/api/v1/seller-orders/{foreign.number}/shipment/", {})
    assert refused.status_code == 404
    sent = shop_api.post(
        f"/api/v1/seller-orders/{part.number}/shipment/",
        {"carrier": "An Post", "tracking_number": "IE1"},
    )

    assert sent.status_code == 201
    assert sent.json()["state"] == "shipped"
    assert sent.json()["shipments"][0]["tracking_number"] == "IE1"
    assert (stock_of(bowl), stock_of(lamp)) == ((4, 0), (5, 1))
    call_command("audit")


def test_a_parcel_may_hold_a_part(buyer, seller, bowl):
    order = make_order(buyer, bowl, quantity=3, paid=True)
    part = order.seller_orders.get()
    line = part.lines.get()
    url = f"/api/v1/seller-orders/{part.number}/shipment/"
    shop_api = api_for(seller)

    first = shop_api.post(url, {"lines": [{"id": str(line.uuid), "quantity": 2}]})
    assert (first.status_code, first.json()["state"]) == (201, "paid")
    too_many = shop_api.post(url, {"lines": [{"id": str(line.uuid), "quantity": 2}]})
    assert (too_many.status_code, too_many.json()["code"]) == (409, "too_many_units")
    rest = shop_api.post(url, {})

    assert (rest.json()["state"], len(rest.json()["shipments"])) == ("shipped", 2)
    assert stock_of(bowl) == (2, 0)
    call_command("audit")


def test_an_order_may_be_cancelled_before_it_is_paid(api, buyer, bowl):
    order = make_order(buyer, bowl)

    answer = api.post(f"/api/v1/orders/{order.number}/cancellation/")

    assert (answer.status_code, answer.json()["state"]) == (201, "cancelled")
    assert stock_of(bowl) == (5, 0)
    call_command("audit")


def test_a_cancellation_that_means_a_part_cancels_nothing(api, buyer, bowl):
    order = make_order(buyer, bowl, paid=True)
    wanted = {"lines": [{"id": "1", "quantity": 1}], "reason": "One is enough."}

    answer = api.post(f"/api/v1/orders/{order.number}/cancellation/", wanted, format="json")

    assert (answer.status_code, answer.json()["fields"].keys()) == (400, {"lines", "reason"})
    order.refresh_from_db()
    assert order.state == "paid"
    assert order.payments.get().refund_decided_minor == 0


def test_a_paid_order_may_be_cancelled_until_something_is_sent(api, buyer, bowl, lamp):
    order, sent = (make_order(buyer, bowl, lamp, paid=True) for _ in range(2))
    fulfilment.ship(seller_order=sent.seller_orders.first())

    answer = api.post(f"/api/v1/orders/{order.number}/cancellation/")
    late = api.post(f"/api/v1/orders/{sent.number}/cancellation/")

    assert (answer.status_code, answer.json()["state"]) == (201, "cancelled")
    assert (late.status_code, late.json()["code"]) == (409, "not_cancellable")
    assert order.payments.get().refund_decided_minor == order.total_minor
    assert sent.payments.get().refund_decided_minor == 0
    call_command("audit")


def test_the_list_costs_the_same_for_one_and_five(api, buyer, bowl, django_assert_max_num_queries):
    make_order(buyer, bowl)
    api.get("/api/v1/orders/")
    with django_assert_max_num_queries(4):
        assert api.get("/api/v1/orders/").json()["count"] == 1
    for _ in range(4):
        make_order(buyer, bowl)
    with django_assert_max_num_queries(4):
        assert api.get("/api/v1/orders/").json()["count"] == 5


def test_a_variant_that_was_ordered_is_taken_off_sale_not_deleted(buyer, seller, shop):
    plain = make_variant(shop, "Beeswax", stock=None)
    make_order(buyer, plain)
    make_variant(shop, product=plain.product, stock=None, option1="Large")

    answer = api_for(seller).delete(f"/api/v1/variants/{plain.uuid}/")

    plain.refresh_from_db()
    assert (answer.status_code, plain.is_active) == (204, False)


def test_a_billing_address_and_notes_are_copied_and_each_shop_reads_its_own(guest, bowl, lamp):
    cart, headers = put_in(guest, bowl, lamp)
    office = make_address(name="Gil Ltd", line1="2 Quay Street")
    notes = {"fern-co": "Wrap it.", "rival-goods": "Ring twice."}

    placed = check_out(guest, cart, headers, billing_address=office, notes=notes, note="Thanks.")

    order = placed.json()
    assert placed.status_code == 201, order
    assert order["billing_address"]["name"] == "Gil Ltd"
    assert order["shipping_address"]["name"] == "Ana Buyer"
    assert {part["shop"]["slug"]: part["note"] for part in order["seller_orders"]} == notes
    part = SellerOrder.objects.get(shop__slug="fern-co")
    assert part.buyers_note == "Thanks.\n\nWrap it."


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"shipping": {"fern-co": "7f2a1a0e-6a5d-4a7b-9a43-1f2b3c4d5e6f"}}, "shipping"),
        ({"shipping": {"no-such": "7f2a1a0e-6a5d-4a7b-9a43-1f2b3c4d5e6f"}}, "shipping"),
        ({"notes": {"rival-goods": "Ring twice."}}, "notes"),
    ],
)
def test_delivery_or_notes_that_mean_nothing_order_nothing(guest, bowl, rival, said, field):
    cart, headers = put_in(guest, bowl)

    refused = check_out(guest, cart, headers, **said)

    assert (refused.status_code, list(refused.json()["fields"])) == (400, [field])
    assert not Order.objects.exists()
    assert stock_of(bowl) == (5, 0)


def test_an_item_removed_in_another_tab_asks_to_confirm_anew(guest, bowl, lamp):
    cart, headers = put_in(guest, bowl, lamp)
    options = {
        group["shop"]["slug"]: group["shipping_options"][0]["id"] for group in cart["groups"]
    }
    gone = next(group for group in cart["groups"] if group["shop"]["slug"] == "rival-goods")
    guest.delete(f"/api/v1/cart/items/{gone['items'][0]['id']}/", headers=headers)

    for said in ({"shipping": options}, {"notes": {"rival-goods": "Ring twice."}}):
        refused = check_out(guest, cart, headers, **said)
        assert (refused.status_code, refused.json()["code"]) == (409, "price_changed")

    assert [group["shop"]["slug"] for group in refused.json()["cart"]["groups"]] == ["fern-co"]
    assert (Order.objects.count(), stock_of(bowl), stock_of(lamp)) == (0, (5, 0), (5, 0))
    # Confirmed, it is a mistake that the field tells.
    quote = refused.json()["cart"]["quote"]
    named = check_out(guest, cart, headers, quote=quote, shipping=options)
    assert (named.status_code, list(named.json()["fields"])) == (400, ["shipping"])
    assert not Order.objects.exists()


def test_a_delivery_option_that_a_shop_deletes_asks_to_confirm_anew(guest, shop, bowl):
    make_shipping(shop, price=900, name="Slow")
    express = make_shipping(shop, price=300, name="Express")
    cart, headers = put_in(guest, bowl)
    chosen = {"fern-co": str(express.uuid)}
    express.delete()

    refused = check_out(guest, cart, headers, shipping=chosen)

    assert (refused.status_code, refused.json()["code"]) == (409, "price_changed")
    assert not Order.objects.exists()
    assert stock_of(bowl) == (5, 0)
    placed = check_out(guest, refused.json()["cart"], headers)
    assert placed.status_code == 201


def test_what_sold_out_is_told_before_a_delivery_that_means_nothing(guest, stranger, bowl, rival):
    cart, headers = put_in(guest, bowl, quantity=4)
    make_order(stranger, bowl, quantity=3)

    refused = check_out(guest, cart, headers, notes={"rival-goods": "Ring twice."})

    assert (refused.status_code, refused.json()["code"]) == (409, "out_of_stock")
    assert Order.objects.count() == 1
    assert stock_of(bowl) == (5, 3)


def test_without_a_billing_address_it_is_the_delivery_address(guest, bowl):
    cart, headers = put_in(guest, bowl)

    order = check_out(guest, cart, headers).json()

    assert order["billing_address"] == order["shipping_address"]
    assert Order.objects.get().billing_address == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"billing_address": {"name": "Gil Ltd"}},
        {"billing_address": make_address(country="XX")},
        {"billing_address": make_address() | {"vat": "1"}},
        {"notes": {"fern-co": "x" * 1001}},
        {"notes": "Wrap it."},
    ],
)
def test_a_billing_address_or_note_out_of_shape_orders_nothing(guest, bowl, wrong):
    cart, headers = put_in(guest, bowl)

    answer = check_out(guest, cart, headers, **wrong)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert not Order.objects.exists()


def test_orders_and_what_a_shop_must_send_are_narrowed_by_state(api, buyer, seller, bowl, shop):
    unpaid = make_order(buyer, bowl)
    paid, sent = (make_order(buyer, bowl, paid=True).seller_orders.get() for _ in range(2))
    fulfilment.ship(seller_order=sent)
    fern = api_for(seller)

    def numbers(client, address):
        answer = client.get(f"/api/v1/{address}")
        assert answer.status_code == 200, answer.content
        return {row["number"] for row in answer.json()["results"]}

    assert numbers(api, "orders/?state=awaiting_payment") == {unpaid.number}
    assert numbers(fern, "seller-orders/?state=paid") == {paid.number}
    assert numbers(fern, "seller-orders/?state=paid&state=shipped") == {paid.number, sent.number}
    assert numbers(fern, f"seller-orders/?state=shipped&shop={shop.slug}") == {sent.number}
    assert numbers(fern, "seller-orders/?shop=rival-goods") == set()
    since = "changed_since=2026-01-01T00:00:00Z"
    assert numbers(fern, f"seller-orders/?state=shipped&{since}") == {sent.number}
    assert numbers(api, f"orders/?state=awaiting_payment&{since}") == {unpaid.number}
    # One order is found by its number, whatever else stands there.
    assert fern.get(f"/api/v1/seller-orders/{paid.number}/?state=shipped").status_code == 200


@pytest.mark.parametrize("name", ["orders", "seller-orders", "returns", "disputes"])
@pytest.mark.parametrize("state", ["stolen", "", "paid&state=stolen"])
def test_a_state_that_is_none_is_named_with_those_there_are(api, name, state):
    answer = api.get(f"/api/v1/{name}/?state={state}")

    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["state"])
    assert "One of " in str(answer.json()["fields"]["state"])
