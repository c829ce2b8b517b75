from __future__ import annotations

import pytest
from django.core.management import call_command
from rest_framework.test import APIClient

from accounts.models import ShopMember
from accounts.tests.factories import make_user
from carts.models import Cart, CartLine
from carts.tests.factories import make_shipping
from catalog.tests.factories import make_variant, stock_of
from marketflow.core.tests.clients import api_for
from orders.models import Dispute, Order, Refund, Return, SellerOrder
from orders.services import disputes, fulfilment, returns
from orders.tests.factories import make_order, pay, place

pytestmark = pytest.mark.django_db

REASON = {"reason": "Too small."}


def key(text: str = "k1") -> dict[str, str]:
    return {"Idempotency-Key": text}


@pytest.fixture
def bowl(shop):
    make_shipping(shop, price=500)
    return make_variant(shop, "Oak bowl", price=1000, stock=9)


@pytest.fixture
def lamp(rival):
    make_shipping(rival, price=700)
    return make_variant(rival, "Brass lamp", price=3000, stock=9)


@pytest.fixture
def order(buyer, bowl, lamp) -> Order:
    return make_order(buyer, bowl, lamp, quantity=3, paid=True)


@pytest.fixture
def part(order, shop) -> SellerOrder:
    return order.seller_orders.get(shop=shop)


@pytest.fixture
def line(part) -> str:
    return str(part.lines.get().uuid)


@pytest.fixture
def fern(seller):
    return api_for(seller)


@pytest.fixture
def rita(rival):
    return api_for(make_user("rita"))


def arrived(part: SellerOrder) -> None:
    fulfilment.ship(seller_order=part)
    fulfilment.deliver(seller_order=part)


# --- the shop cancels and refunds


def test_a_shop_cancels_units_with_a_reason(fern, part, line, bowl):
    address = f"/api/v1/seller-orders/{part.number}/cancellation/"

    some = fern.post(address, {"lines": [{"id": line, "quantity": 2}], "reason": "Chipped."})
    rest = fern.post(address, {"reason": "So is the third."})

    assert (some.status_code, some.json()["state"]) == (201, "paid")
    assert some.json()["lines"][0]["cancelled"] == 2
    assert some.json()["refunded"] == {"amount": 2000, "currency": "EUR"}
    assert (rest.json()["state"], rest.json()["refunded"]["amount"]) == ("cancelled", 3500)
    assert stock_of(bowl) == (9, 0)
    assert set(Refund.objects.values_list("reason", flat=True)) == {"Chipped.", "So is the third."}
    call_command("audit")


def test_a_shop_refunds_units_an_amount_and_the_delivery(fern, part, line):
    address = f"/api/v1/seller-orders/{part.number}/refunds/"
    units = {"lines": [{"id": line, "quantity": 1}], "shipping": True} | REASON
    amount = {"amount": 250, "currency": "EUR"}

    first = fern.post(address, units, headers=key())
    again = fern.post(address, units, headers=key())
    money = {"lines": [{"id": line, "quantity": 0, "amount": amount}]} | REASON
    second = fern.post(address, money, headers=key("k2"))

    assert (first.status_code, first.json()["amount"]["amount"]) == (201, 1500)
    assert first.json()["shipping"]["amount"] == 500
    assert first.json()["lines"] == [
        {"id": line, "quantity": 1, "amount": {"amount": 1000, "currency": "EUR"}}
    ]
    assert again.content == first.content
    assert second.json()["amount"] == amount
    assert [row["id"] for row in fern.get(address).json()] == [
        second.json()["id"],
        first.json()["id"],
    ]
    call_command("audit")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"lines": [{"id": "LINE", "quantity": 4}]}, 409, "refund_too_large"),
        ({"shipping": {"amount": 501, "currency": "EUR"}}, 409, "refund_too_large"),
        ({"shipping": {"amount": 5, "currency": "USD"}}, 400, "invalid"),
        ({"lines": [], "shipping": False}, 409, "nothing_to_refund"),
        ({"lines": [{"id": "LINE", "quantity": -1}]}, 400, "invalid"),
        ({"lines": [{"id": "LINE", "quantity": 1}] * 2}, 400, "invalid"),
        ({"lines": [{"id": "0" * 32, "quantity": 1}]}, 400, "invalid"),
        ({"shipping": True, "state": "succeeded"}, 400, "invalid"),
    ],
)
def test_a_refund_beyond_what_was_paid_or_sent_wrongly_is_none(
    changes, status, code, fern, part, line
):
    rows = [
        row | {"id": line if row["id"] == "LINE" else row["id"]}
        for row in changes.get("lines", [])
    ]
    body = REASON | changes | ({"lines": rows} if "lines" in changes else {})

    answer = fern.post(f"/api/v1/seller-orders/{part.number}/refunds/", body, headers=key())

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Refund.objects.exists()


def test_a_refund_needs_a_key(fern, part):
    address = f"/api/v1/seller-orders/{part.number}/refunds/"

    answer = fern.post(address, {"shipping": True} | REASON)

    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_required")
    assert not Refund.objects.exists()


@pytest.mark.parametrize("step", ["cancellation", "refunds"])
@pytest.mark.parametrize("who", ["rival", "support", "buyer"])
def test_money_is_given_back_by_who_may(who, step, part, shop, rival, buyer):
    people = {"rival": "rita", "support": "sue", "buyer": "ana"}
    person = make_user(people[who])
    if who == "support":
        ShopMember.objects.create(shop=shop, user=person, role="support")
    address = f"/api/v1/seller-orders/{part.number}/{step}/"

    answer = api_for(person).post(address, {"shipping": True} | REASON, headers=key())

    assert answer.status_code == 404
    assert not Refund.objects.exists()
    assert SellerOrder.objects.get(pk=part.pk).state == "paid"


# --- returns


def test_a_return_from_asking_to_the_refund(api, fern, part, order, line, bowl):
    arrived(part)

    asked = api.post(
        f"/api/v1/orders/{order.number}/returns/",
        {"lines": [{"id": line, "quantity": 3}]} | REASON,
    ).json()
    agreed = fern.post(f"/api/v1/returns/{asked['id']}/approval/", {"answer": "By post."}).json()
    received = fern.post(
        f"/api/v1/returns/{asked['id']}/receipt/", {"lines": [{"id": line, "quantity": 2}]}
    ).json()

    assert (asked["state"], asked["seller_order"]) == ("requested", part.number)
    assert (agreed["state"], agreed["answer"]) == ("approved", "By post.")
    assert received["state"] == "received"
    assert [(row["quantity"], row["received"]) for row in received["lines"]] == [(3, 2)]
    assert [refund["amount"]["amount"] for refund in received["refunds"]] == [2000]
    assert stock_of(bowl) == (8, 0)
    for side in (api, fern):
        assert side.get("/api/v1/returns/").json()["count"] == 1
        assert side.get(f"/api/v1/returns/{asked['id']}/").json() == received
    assert api.get(f"/api/v1/orders/{order.number}/returns/").json() == [received]
    call_command("audit")


@pytest.mark.parametrize(("shipping", "refunded"), [(False, []), (True, [500])])
def test_a_receipt_of_nothing_closes_a_return_that_never_came(
    fern, part, line, bowl, shipping, refunded
):
    arrived(part)
    parcel = returns.request(part=part, lines={part.lines.get().pk: 3}, reason="Broken.")
    fern.post(f"/api/v1/returns/{parcel.uuid}/approval/")
    url = f"/api/v1/returns/{parcel.uuid}/receipt/"
    stock = stock_of(bowl)
    nothing = {"lines": [{"id": line, "quantity": 0}], "shipping": shipping}

    closed = fern.post(url, nothing)
    again = fern.post(url, nothing)

    assert (closed.status_code, closed.json()["state"]) == (201, "received")
    assert [row["received"] for row in closed.json()["lines"]] == [0]
    assert [refund["amount"]["amount"] for refund in closed.json()["refunds"]] == refunded
    assert (again.status_code, again.json()["code"]) == (409, "invalid_transition")
    assert (part.lines.get().returned, stock_of(bowl)) == (0, stock)
    call_command("audit")


def test_what_comes_too_early_is_not_said_to_come_too_late(fern, part):
    early = fern.post(f"/api/v1/seller-orders/{part.number}/delivery/")
    arrived(part)
    late = fern.post(f"/api/v1/seller-orders/{part.number}/delivery/")

    assert (early.status_code, early.json()) == (
        409,
        {"code": "invalid_transition", "detail": "It is too early for that.", "state": "paid"},
    )
    assert (late.status_code, late.json()["state"]) == (409, "delivered")
    assert late.json()["detail"] == "This has moved on in the meantime."


def test_broken_goods_and_the_delivery_are_said_at_the_receipt(api, fern, part, order, line, bowl):
    arrived(part)
    parcel = returns.request(part=part, lines={part.lines.get().pk: 3}, reason="Broken.")
    fern.post(f"/api/v1/returns/{parcel.uuid}/approval/")

    answer = fern.post(
        f"/api/v1/returns/{parcel.uuid}/receipt/",
        {"lines": [{"id": line, "quantity": 3, "restock": False}], "shipping": True},
    )

    assert [refund["amount"]["amount"] for refund in answer.json()["refunds"]] == [3500]
    assert stock_of(bowl) == (6, 0)


def test_a_return_is_refused_with_a_reason_or_withdrawn(api, fern, part):
    arrived(part)
    first, second = (
        returns.request(part=part, lines={part.lines.get().pk: 1}, reason="Blue.")
        for _ in range(2)
    )

    refused = fern.post(f"/api/v1/returns/{first.uuid}/rejection/", {"reason": "Worn."})
    kept = api.post(f"/api/v1/returns/{second.uuid}/withdrawal/")
    late = fern.post(f"/api/v1/returns/{first.uuid}/approval/")

    assert (refused.json()["state"], refused.json()["answer"]) == ("rejected", "Worn.")
    assert kept.json()["state"] == "withdrawn"
    assert (late.status_code, late.json()["code"]) == (409, "invalid_transition")


@pytest.mark.parametrize(
    ("lines", "status", "code"),
    [
        ([{"quantity": 4}], 409, "too_many_units"),
        ([{"quantity": 0}], 400, "invalid"),
        ([], 400, "invalid"),
        ([{"quantity": 1}, {"quantity": 1}], 400, "invalid"),
        ([{"quantity": 1, "id": "0" * 32}], 400, "invalid"),
    ],
)
def test_what_can_not_be_sent_back_is_not_asked_for(lines, status, code, api, part, order, line):
    arrived(part)
    body = {"lines": [{"id": line} | row for row in lines]} | REASON

    answer = api.post(f"/api/v1/orders/{order.number}/returns/", body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Return.objects.exists()


def test_one_shop_at_a_time(api, order):
    for part in order.seller_orders.all():
        arrived(part)
    lines = [
        {"id": str(line.uuid), "quantity": 1}
        for part in order.seller_orders.all()
        for line in part.lines.all()
    ]

    answer = api.post(f"/api/v1/orders/{order.number}/returns/", {"lines": lines} | REASON)

    assert answer.status_code == 400
    assert not Return.objects.exists()


def test_a_guest_sends_back_and_complains_with_their_token(bowl):
    cart = Cart.objects.create(token_hash="0" * 64)
    CartLine.objects.create(cart=cart, variant=bowl, quantity=2)
    order = place(cart)
    pay(order)
    part = order.seller_orders.get()
    arrived(part)
    guest = APIClient(headers={"X-Order-Token": order.guest_token()})
    base = f"/api/v1/orders/{order.number}"
    line = str(part.lines.get().uuid)

    asked = guest.post(f"{base}/returns/", {"lines": [{"id": line, "quantity": 1}]} | REASON)
    opened = guest.post(f"{base}/disputes/", {"seller_order": part.number} | REASON)
    forged = APIClient(headers={"X-Order-Token": "made-up"}).get(f"{base}/timeline/")

    assert (asked.status_code, opened.status_code, forged.status_code) == (201, 201, 404)
    assert len(guest.get(f"{base}/returns/").json()) == 1
    assert len(guest.get(f"{base}/disputes/").json()) == 1
    subjects = {entry["subject"] for entry in guest.get(f"{base}/timeline/").json()}
    assert {"payment", "shipment", "return", "dispute"} <= subjects


@pytest.mark.parametrize("step", ["approval", "rejection", "receipt", "withdrawal", ""])
def test_a_return_of_others_is_none(step, rita, part, line):
    arrived(part)
    parcel = returns.request(part=part, lines={part.lines.get().pk: 1}, reason="Blue.")
    body = {"lines": [{"id": line, "quantity": 1}]} if step == "receipt" else {}
    address = f"/api/v1/returns/{parcel.uuid}/" + (f"{step}/" if step else "")

    answer = rita.post(address, body) if step else rita.get(address)

    assert answer.status_code == 404
    assert rita.get("/api/v1/returns/").json()["count"] == 0
    parcel.refresh_from_db()
    assert parcel.state == "requested"


def test_the_buyer_does_not_agree_with_themselves(api, part):
    arrived(part)
    parcel = returns.request(part=part, lines={part.lines.get().pk: 1}, reason="Blue.")

    answer = api.post(f"/api/v1/returns/{parcel.uuid}/approval/")

    assert answer.status_code == 404
    parcel.refresh_from_db()
    assert parcel.state == "requested"


# --- the buyer is content


def test_the_buyer_has_it_and_the_shop_its_money(api, part, order, shop):
    fulfilment.ship(seller_order=part)
    body = {"seller_order": part.number}

    answer = api.post(f"/api/v1/orders/{order.number}/receipt/", body)
    again = api.post(f"/api/v1/orders/{order.number}/receipt/", body)

    assert answer.status_code == 201
    states = {row["number"]: row["state"] for row in answer.json()["seller_orders"]}
    assert states.pop(part.number) == "completed"
    assert set(states.values()) == {"paid"}
    assert (again.status_code, again.json()["code"]) == (409, "invalid_transition")
    part.refresh_from_db()
    assert part.state == "completed"
    call_command("audit")


@pytest.mark.parametrize("who", ["sam", "fern", "rita"])
def test_only_the_buyer_says_that_it_came(who, part, order, rival):
    arrived(part)

    address = f"/api/v1/orders/{order.number}/receipt/"
    answer = api_for(make_user(who)).post(address, {"seller_order": part.number})

    assert answer.status_code == 404
    part.refresh_from_db()
    assert part.state == "delivered"


def test_what_is_in_dispute_or_of_another_order_did_not_come(api, order, part, stranger, bowl):
    foreign = make_order(stranger, bowl, paid=True).seller_orders.get()
    arrived(foreign)
    arrived(part)
    disputes.open_by_buyer(part=part, reason="In pieces.")
    address = f"/api/v1/orders/{order.number}/receipt/"

    disputed = api.post(address, {"seller_order": part.number})
    others = api.post(address, {"seller_order": foreign.number})

    assert (disputed.status_code, disputed.json()["code"]) == (409, "disputed")
    assert (others.status_code, others.json()["code"]) == (400, "invalid")
    for row in (part, foreign):
        row.refresh_from_db()
        assert row.state == "delivered"


# --- disputes


def test_a_dispute_is_opened_answered_and_withdrawn(api, fern, part, order):
    opened = api.post(
        f"/api/v1/orders/{order.number}/disputes/", {"seller_order": part.number} | REASON
    ).json()
    answered = fern.post(f"/api/v1/disputes/{opened['id']}/answer/", {"answer": "It was whole."})
    twice = fern.post(f"/api/v1/disputes/{opened['id']}/answer/", {"answer": "Really."})
    withdrawn = api.post(f"/api/v1/disputes/{opened['id']}/withdrawal/")

    assert (opened["state"], opened["amount"]["amount"]) == ("open", part.total_minor)
    assert answered.json()["answer"] == "It was whole."
    assert (twice.status_code, twice.json()["code"]) == (409, "already_answered")
    assert withdrawn.json()["state"] == "withdrawn"
    for side in (api, fern):
        assert side.get("/api/v1/disputes/").json()["count"] == 1


def test_a_dispute_of_others_is_none(rita, fern, part, order):
    opened = disputes.open_by_buyer(part=part, reason="In pieces.")
    address = f"/api/v1/disputes/{opened.uuid}/"

    assert rita.get(address).status_code == 404
    assert rita.post(f"{address}answer/", {"answer": "Ha."}).status_code == 404
    assert fern.post(f"{address}withdrawal/").status_code == 404
    assert rita.get("/api/v1/disputes/").json()["count"] == 0
    assert (Dispute.objects.get().state, Dispute.objects.get().answer) == ("open", "")


def test_a_part_of_another_order_is_not_disputed(api, order, stranger, bowl):
    foreign = make_order(stranger, bowl, paid=True).seller_orders.get()
    body = {"seller_order": foreign.number} | REASON

    answer = api.post(f"/api/v1/orders/{order.number}/disputes/", body)

    assert answer.status_code == 400
    assert not Dispute.objects.exists()


# --- the timeline


@pytest.fixture
def eventful(order, part) -> Order:
    """A parcel, a return with its refund, and a dispute at Fern & Co."""
    arrived(part)
    line = part.lines.get().pk
    parcel = returns.request(part=part, lines={line: 1}, reason="Blue.")
    returns.approve(parcel=parcel, answer="By post.")
    returns.receive(parcel=parcel, lines={line: returns.Arrived(units=1)})
    disputes.open_by_buyer(part=part, reason="In pieces.")
    return order


def subjects(client, order) -> set[str]:
    answer = client.get(f"/api/v1/orders/{order.number}/timeline/")
    assert answer.status_code == 200
    return {entry["subject"] for entry in answer.json()}


WHAT_HAPPENED = {"seller_order", "shipment", "stock", "return", "refund", "dispute"}


def test_each_role_sees_its_part_of_one_timeline(api, fern, rita, stranger, eventful, part):
    boss = api_for(make_user("boss", is_staff=True))

    assert subjects(api, eventful) == WHAT_HAPPENED | {"order", "payment"}
    assert subjects(fern, eventful) == WHAT_HAPPENED | {"ledger"}
    assert subjects(rita, eventful) == {"seller_order", "ledger"}
    assert subjects(boss, eventful) == WHAT_HAPPENED | {"order", "payment", "ledger"}
    foreign = api_for(stranger).get(f"/api/v1/orders/{eventful.number}/timeline/")
    assert foreign.status_code == 404


def test_a_shop_reads_nothing_of_another(fern, rita, eventful, part, rival):
    for client, own in ((fern, part), (rita, eventful.seller_orders.get(shop=rival))):
        told = client.get(f"/api/v1/orders/{eventful.number}/timeline/").json()
        assert {entry["seller_order"] for entry in told} == {own.number}
        assert client.get(f"/api/v1/seller-orders/{own.number}/timeline/").json() == told


def test_it_runs_in_the_order_of_time_and_tells_what(api, eventful):
    told = api.get(f"/api/v1/orders/{eventful.number}/timeline/").json()

    assert [entry["at"] for entry in told] == sorted(entry["at"] for entry in told)
    asked = next(entry for entry in told if entry["dst"] == "requested")
    assert (asked["text"], asked["detail"]) == ("Return asked for", "1 × Oak bowl · Blue.")
    refund = next(entry for entry in told if entry["subject"] == "refund")
    assert refund["amount"] == {"amount": 1000, "currency": "EUR"}
    assert "commission" not in str(told).lower()


def test_it_costs_the_same_however_much_happened(
    api, fern, order, part, rival, django_assert_max_num_queries
):
    def cost(client) -> int:
        with django_assert_max_num_queries(30) as caught:
            client.get(f"/api/v1/orders/{order.number}/timeline/")
        return len(caught)

    arrived(part)
    line = part.lines.get().pk
    once = returns.request(part=part, lines={line: 1}, reason="Blue.")
    returns.approve(parcel=once)
    returns.receive(parcel=once, lines={line: returns.Arrived(units=1)})
    few = cost(api), cost(fern)
    for _ in range(2):
        more = returns.request(part=part, lines={line: 1}, reason="Blue.")
        returns.approve(parcel=more)
        returns.receive(parcel=more, lines={line: returns.Arrived(units=1)})

    assert (cost(api), cost(fern)) == few
    assert max(few) <= 20


@pytest.mark.parametrize("address", ["returns", "disputes"])
def test_lists_cost_the_same_for_one_and_three(
    address, fern, buyer, bowl, lamp, django_assert_max_num_queries
):
    def eventful_order() -> None:
        part = make_order(buyer, bowl, paid=True).seller_orders.get()
        arrived(part)
        line = part.lines.get().pk
        parcel = returns.request(part=part, lines={line: 1}, reason="Blue.")
        returns.approve(parcel=parcel)
        returns.receive(parcel=parcel, lines={line: returns.Arrived(units=1)})
        disputes.open_by_buyer(part=part, reason="In pieces.")

    def cost() -> int:
        with django_assert_max_num_queries(20) as caught:
            fern.get(f"/api/v1/{address}/")
        return len(caught)

    eventful_order()
    one = cost()
    eventful_order()
    eventful_order()

    assert cost() == one
    assert fern.get(f"/api/v1/{address}/").json()["count"] == 3
