from __future__ import annotations

import pytest
from django.core.management import call_command
from django.test import Client

from catalog.tests.factories import make_variant
from marketflow.core.tests.pages import Visitor
from orders.models import Dispute, Order, Refund, Return, SellerOrder
from orders.services import cancelling, disputes, fulfilment, links, returns
from orders.services.returns import Arrived
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(shop) -> Order:
    """A guest's three bowls, delivered."""
    bowl = make_variant(shop, "Oak bowl", price=1000, stock=9)
    order = make_order(None, bowl, quantity=3, paid=True)
    part = order.seller_orders.get()
    fulfilment.ship(seller_order=part)
    fulfilment.deliver(seller_order=part)
    return order


@pytest.fixture
def guest_of():
    """Who came by the link of the mail."""

    def come(order: Order) -> Visitor:
        visitor = Visitor(Client())
        visitor.open(links.link_to(order).partition("testserver")[2] or links.link_to(order))
        return visitor

    return come


@pytest.fixture
def guest(guest_of, order) -> Visitor:
    return guest_of(order)


@pytest.fixture
def part(order) -> SellerOrder:
    return order.seller_orders.get()


def units(part: SellerOrder) -> str:
    return f"units{part.lines.get().pk}"


def test_a_guest_sends_items_back(guest, part):
    guest.follow("Return items")
    page = guest.press("Ask to return", **{units(part): "2"}, reason="Too small.")

    assert "2 × Oak bowl" in page.text
    assert "has your request" in page.text
    parcel = Return.objects.get()
    assert (parcel.state, parcel.reason, parcel.lines.get().quantity) == (
        "requested",
        "Too small.",
        2,
    )
    page = guest.press("Keep the items after all")
    assert "Withdrawn" in page.text
    parcel.refresh_from_db()
    assert parcel.state == "withdrawn"


def test_what_was_typed_stays_where_something_is_wrong(guest, part):
    guest.follow("Return items")

    for wrong, said in [("4", "less than or equal to 3"), ("0", "Say how many")]:
        page = guest.press("Ask to return", **{units(part): wrong}, reason="Too small.")
        assert (page.status, said in page.text) == (422, True)
        assert "Too small." in page.response.content.decode()
        form = page.form(next(form.action for form in page.forms if units(part) in form.fields))
        assert form.fields[units(part)] == wrong

    assert not Return.objects.exists()


def test_a_double_click_asks_once(guest, part, order):
    guest.follow("Return items")
    address = f"/orders/{order.number}/parts/{part.number}/return/"
    body = {units(part): "1", "reason": "Blue.", "asked": "0"}

    guest.post(address, **body)
    page = guest.post(address, **body)

    assert "asked for a return meanwhile" in page.text
    assert Return.objects.count() == 1


def test_the_answer_of_the_shop_and_the_refund_are_read_there(guest, part, order):
    line = part.lines.get().pk
    parcel = returns.request(part=part, lines={line: 2}, reason="Blue.")
    returns.approve(parcel=parcel, answer="Use the label in the box.")
    returns.receive(parcel=parcel, lines={line: Arrived(units=1)})

    page = guest.open(f"/orders/{order.number}/returns/{parcel.uuid}/")

    assert "Use the label in the box." in page.text
    assert "(1 arrived)" in page.text
    assert "€10.00" in page.text
    page = guest.open(order.get_absolute_url())
    assert "1 sent back" in page.text
    assert "Returned" in page.text


def test_a_guest_reports_a_problem_and_takes_it_back(guest, part, order):
    guest.follow("Report a problem")
    empty = guest.press("Report it")
    assert (empty.status, Dispute.objects.exists()) == (422, False)

    page = guest.press("Report it", reason="In pieces.")

    assert "The shop is asked to answer." in page.text
    assert "In pieces." in page.text
    assert Dispute.objects.get().state == "open"
    disputes.answer(dispute=Dispute.objects.get(), text="It left whole.")
    assert "It left whole." in guest.open(order.get_absolute_url()).text
    guest.press("It is solved")
    assert Dispute.objects.get().state == "withdrawn"


def test_a_guest_confirms_that_it_came(guest, part, order):
    guest.follow("It has come")
    page = guest.press("Yes, it is all here")

    assert "Completed" in page.text
    part.refresh_from_db()
    assert part.state == "completed"
    call_command("audit")


def test_what_can_not_be_done_is_not_offered(guest, part, order):
    dispute = disputes.open_by_buyer(part=part, reason="In pieces.")
    page = guest.open(order.get_absolute_url())
    assert "Report a problem" not in page.links
    assert "It has come" not in page.text

    answer = guest.post(f"/orders/{order.number}/parts/{part.number}/received/")

    assert "A dispute about this order is open." in answer.text
    part.refresh_from_db()
    assert (part.state, dispute.state) == ("delivered", "open")


def test_refunds_are_listed_by_shop_with_what_was_cancelled(buyer, shop, client):
    bowl = make_variant(shop, "Oak bowl", price=1000, stock=9)
    order = make_order(buyer, bowl, quantity=3, paid=True)
    part = order.seller_orders.get()
    cancelling.cancel_units(part=part, lines={part.lines.get().pk: 2}, reason="Two are chipped.")
    client.force_login(buyer)

    page = Visitor(client).open(order.get_absolute_url())

    assert "2 cancelled" in page.text
    assert "Two are chipped." in page.text
    assert "€20.00" in page.text
    assert "Refund decided" in page.text


@pytest.mark.parametrize(
    "path",
    [
        "parts/{part}/return/",
        "parts/{part}/problem/",
        "parts/{part}/received/",
        "returns/{parcel}/",
    ],
)
def test_a_stranger_finds_and_changes_nothing(path, order, part, stranger, client):
    parcel = returns.request(part=part, lines={part.lines.get().pk: 1}, reason="Blue.")
    client.force_login(stranger)
    address = f"/orders/{order.number}/" + path.format(part=part.number, parcel=parcel.uuid)

    seen = client.get(address)
    client.post(address, {units(part): "1", "reason": "Mine.", "asked": "1"})

    assert seen.status_code == 404
    assert (Return.objects.count(), Dispute.objects.count(), Refund.objects.count()) == (1, 0, 0)
    part.refresh_from_db()
    assert part.state == "delivered"


def test_a_part_of_another_order_is_not_reached_through_ones_own(guest, order, buyer, shop):
    foreign = make_order(buyer, make_variant(shop, "Lamp"), paid=True).seller_orders.get()

    page = guest.open(f"/orders/{order.number}/parts/{foreign.number}/problem/")

    assert page.status == 404


def test_the_page_says_which_refund_of_a_cancelled_part_brings_its_delivery_back(guest_of, shop):
    """One rule: delivery goes back when nothing of a part was sent and nothing is left."""
    order = make_order(None, make_variant(shop, "Oak bowl", price=1000), quantity=3, paid=True)
    part, guest = order.seller_orders.get(), guest_of(order)
    cancelling.cancel_units(part=part, lines={part.lines.get().pk: 2}, reason="Chipped.")
    page = guest.open(order.get_absolute_url())
    assert "Chipped." in page.text
    assert "of it delivery" not in page.text

    cancelling.cancel_units(part=part, reason="Lost.")

    page = guest.open(order.get_absolute_url())
    assert "Lost. (€5.00 of it delivery) Under way €15.00" in page.text
