from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from accounts.models import Address
from accounts.tests.factories import make_address
from carts.models import Cart, CartLine
from carts.tests.factories import make_shipping
from catalog.tests.factories import make_variant, stock_of
from marketflow.core.models import OutboxEvent
from marketflow.core.tests.pages import Visitor
from orders.gateways.test import ASKS_FIRST, CAPTURED, DECLINED
from orders.models import Order, Payment
from orders.services import fulfilment, links
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db

TYPED = {
    "email": "gil@example.test",
    "name": "Gil Guest",
    "country": "IE",
    "line1": "1 Mill Lane",
    "postcode": "D02 X285",
    "city": "Dublin",
}


@pytest.fixture
def guest() -> Visitor:
    return Visitor()


@pytest.fixture
def ana(buyer) -> Visitor:
    visitor = Visitor(Client())
    visitor.client.force_login(buyer)
    return visitor


def put(visitor: Visitor, *variants, quantity: int = 1) -> None:
    for variant in variants:
        if not variant.shop.shipping_options.exists():
            make_shipping(variant.shop)
        visitor.post("/cart/add/", variant=variant.uuid, quantity=quantity)


def reach_review(visitor: Visitor, *variants, quantity: int = 1):
    put(visitor, *variants, quantity=quantity)
    visitor.open("/checkout/")
    visitor.press("Continue to payment", **TYPED)
    return visitor.press("Continue to review")


def check_out(visitor: Visitor, *variants, card: str = CAPTURED):
    reach_review(visitor, *variants)
    return visitor.press("Place order", card=card)


def sell_out(variant, left: int = 0) -> None:
    variant.stock.on_hand = left
    variant.stock.save()


def body(response) -> str:
    """What an answer says, but for the token that differs in every form."""
    return re.sub(r'(csrfmiddlewaretoken" value=)"\w+"', r"\1", response.content.decode())


def nothing_is_ordered() -> bool:
    return not Order.objects.exists() and not Payment.objects.exists()


# --- the way through


def test_a_guest_buys_from_two_shops_and_pays_once(guest, shop, rival):
    bowl, lamp = make_variant(shop, "Oak bowl"), make_variant(rival, "Brass lamp")

    page = check_out(guest, bowl, lamp)

    order = Order.objects.get()
    assert (page.url, page.status) == (f"/orders/{order.number}/", 200)
    for words in ("Thank you, Gil", order.number, "gil@example.test", "From Fern & Co (1 item)"):
        assert words in page.text
    assert "Card ending 4242" in page.text
    assert (order.state, order.buyer, order.email) == ("paid", None, "gil@example.test")
    assert order.seller_orders.count() == 2
    assert Payment.objects.get().captured_minor == order.total_minor
    assert "Your cart is empty" in guest.open("/cart/").text
    call_command("audit")


def test_a_guest_meets_twelve_fields_and_nine_on_the_first_page(guest, shop):
    put(guest, make_variant(shop))

    def fields(page) -> set[str]:
        hidden = {"csrfmiddlewaretoken", "shown_for", "key", "quote", "seen"}
        names = {name for form in page.forms for name in form.fields} - hidden
        # Ways of delivery are chosen already; search stands in no checkout.
        return {name for name in names if not name.startswith("shipping-")}

    on_delivery = fields(guest.open("/checkout/"))
    guest.press("Continue to payment", **TYPED)
    everywhere = on_delivery | fields(guest.page)
    everywhere |= fields(guest.press("Continue to review"))

    assert len(on_delivery) <= 9
    assert len(everywhere) <= 12


def test_a_buyer_with_a_default_address_lands_on_review(ana, buyer, shop):
    make_address(buyer, is_default=True)
    put(ana, make_variant(shop))

    page = ana.open("/checkout/")

    assert page.url == "/checkout/review/"
    assert "1 Mill Lane" in page.text
    ana.press("Place order", card=CAPTURED)
    order = Order.objects.get()
    assert (order.buyer, order.email, order.line1) == (buyer, buyer.email, "1 Mill Lane")


def test_what_was_typed_is_there_again_and_no_card(guest, shop):
    page = reach_review(guest, make_variant(shop))
    assert "1 Mill Lane" in page.text

    back = guest.open("/checkout/delivery/")
    form = back.form("/checkout/delivery/")
    assert {name: form.fields[name] for name in TYPED} == TYPED

    guest.open("/checkout/review/")
    guest.press("Place order", card="", note="Leave it at the door")
    assert "4242" not in str(Cart.objects.get().checkout)
    assert guest.page.form("/checkout/review/").fields["note"].strip() == "Leave it at the door"


def test_steps_are_taken_in_order(guest, shop):
    put(guest, make_variant(shop))

    assert guest.open("/checkout/review/").url == "/checkout/delivery/"
    assert guest.open("/checkout/payment/").url == "/checkout/delivery/"
    guest.press("Continue to payment", **TYPED)
    assert guest.open("/checkout/review/").url == "/checkout/payment/"


@pytest.mark.parametrize("step", ["", "delivery/", "payment/", "review/"])
def test_an_empty_cart_has_nothing_to_check_out(guest, step):
    assert guest.open(f"/checkout/{step}").url == "/cart/"
    assert guest.post(f"/checkout/{step or 'review/'}").url == "/cart/"


def test_the_address_is_checked_in_the_words_of_its_labels(guest, shop):
    put(guest, make_variant(shop))
    guest.open("/checkout/")

    page = guest.press("Continue to payment", country="DE", email="gil")

    assert (page.status, page.title[:6]) == (422, "Error:")
    for words in (
        "Enter an e-mail address like name@example.com",
        "Enter the full name",
        "Enter the street and number",
        "Enter the postcode",
        "Enter the town or city",
    ):
        assert words in page.links
    assert page.form("/checkout/delivery/").fields["email"] == "gil"
    assert Cart.objects.get().checkout == {}


def test_the_country_decides_which_fields_there_are(guest, shop):
    put(guest, make_variant(shop))
    page = guest.open("/checkout/")
    assert "Region" not in page.text
    assert "Postcode (optional)" in page.text  # Ireland does well without.

    page = guest.press("Update delivery options", country="US", name="Gil")

    assert page.status == 200
    assert "Region" in page.text
    assert "Postcode (optional)" not in page.text
    assert page.form("/checkout/delivery/").fields["name"] == "Gil"


def test_another_country_at_another_price_is_shown_before_going_on(guest, shop):
    make_shipping(shop, price=300, countries=["IE"])
    make_shipping(shop, price=900, countries=["DE"], name="Abroad")
    put(guest, make_variant(shop))
    guest.open("/checkout/")

    page = guest.press("Continue to payment", **TYPED | {"country": "DE"})

    assert page.url == "/checkout/delivery/"
    assert "Delivery there costs something else." in page.text
    assert "Abroad" in page.text
    assert guest.press("Continue to payment").url == "/checkout/payment/"


def test_the_way_of_delivery_chosen_is_the_one_charged(guest, shop):
    make_shipping(shop, price=300)
    fast = make_shipping(shop, price=900, name="Express")
    put(guest, make_variant(shop, price=2000))
    guest.open("/checkout/")

    guest.press("Continue to payment", **TYPED, **{f"shipping-{shop.slug}": str(fast.uuid)})
    guest.press("Continue to review")
    assert "Place order and pay €29.00" in guest.page.text
    guest.press("Place order")

    part = Order.objects.get().seller_orders.get()
    assert (part.shipping_name, part.shipping_minor) == ("Express", 900)


def test_a_shop_that_does_not_deliver_there_is_named_and_can_be_left_out(guest, shop, rival):
    make_shipping(shop, countries=["IE"])
    put(guest, make_variant(shop, "Oak bowl"), make_variant(rival, "Brass lamp"))
    guest.open("/checkout/")

    page = guest.press("Continue to payment", **TYPED | {"country": "DE"})

    assert (page.status, page.title[:6]) == (409, "Error:")
    assert "Fern & Co does not deliver to this address." in page.text
    assert guest.open("/checkout/review/").url == "/checkout/delivery/"

    page = guest.press("Remove this item")
    assert page.url == "/checkout/payment/"
    assert CartLine.objects.get().variant.product.title == "Brass lamp"


def test_it_can_be_left_out_as_soon_as_the_country_is_chosen(guest, shop, rival):
    make_shipping(shop, countries=["IE"])
    put(guest, make_variant(shop, "Oak bowl"), make_variant(rival, "Brass lamp"))
    guest.open("/checkout/")
    guest.press("Update delivery options", country="DE")

    page = guest.press("Remove this item")

    assert page.url == "/checkout/delivery/"
    assert page.form("/checkout/delivery/").fields["country"] == "DE"
    assert CartLine.objects.get().variant.product.title == "Brass lamp"


def test_saved_addresses_are_cards_and_another_can_be_kept(ana, buyer, shop):
    home = make_address(buyer, is_default=True)
    work = make_address(buyer, line1="12 Quay Street")
    put(ana, make_variant(shop))

    page = ana.open("/checkout/delivery/")
    assert page.form("/checkout/delivery/").fields["saved"] == str(home.uuid)
    ana.press("Continue to payment", saved=str(work.uuid))
    assert "12 Quay Street" in ana.open("/checkout/review/").text

    ana.open("/checkout/delivery/")
    ana.press("Continue to payment", saved="another", keep="on", **TYPED)
    assert "Gil Guest" in ana.open("/checkout/review/").text
    assert Address.objects.filter(user=buyer, name="Gil Guest").count() == 1


def test_the_address_of_somebody_else_can_not_be_chosen(ana, buyer, stranger, shop):
    make_address(buyer, is_default=True)
    foreign = make_address(stranger, line1="9 Secret Road")
    put(ana, make_variant(shop))
    ana.open("/checkout/delivery/")

    page = ana.press("Continue to payment", saved=str(foreign.uuid))

    assert page.status == 422
    Cart.objects.update(checkout={"address_id": str(foreign.uuid)})
    assert "9 Secret Road" not in ana.open("/checkout/review/").text


# --- one order, however often it is asked for


def test_a_form_sent_twice_leads_to_the_same_order(guest, shop):
    bowl = make_variant(shop)
    reach_review(guest, bowl)
    form = guest.page.form("/checkout/review/").fields

    first = guest.post("/checkout/review/", **form)
    again = guest.post("/checkout/review/", **form)

    assert first.url == again.url == Order.objects.get().get_absolute_url()
    assert Payment.objects.count() == 1
    assert stock_of(bowl) == (5, 1)


def test_even_when_the_next_cart_is_begun(guest, shop):
    reach_review(guest, make_variant(shop, "Oak bowl"))
    form = guest.page.form("/checkout/review/").fields
    first = guest.post("/checkout/review/", **form)
    put(guest, make_variant(shop, "Brass lamp"))

    assert guest.post("/checkout/review/", **form).url == first.url
    assert Order.objects.count() == 1


def test_the_form_of_somebody_else_leads_to_no_order_of_theirs(guest, shop):
    reach_review(guest, make_variant(shop))
    form = guest.page.form("/checkout/review/").fields
    guest.post("/checkout/review/", **form)

    assert Visitor().post("/checkout/review/", **form).url == "/cart/"


# --- what may have changed


def test_a_changed_price_is_told_and_not_charged(guest, shop):
    bowl = make_variant(shop, price=2400)
    reach_review(guest, bowl)
    bowl.price_minor = 2200
    bowl.save()

    page = guest.press("Place order and pay €29.00")

    assert (page.status, page.title[:6]) == (409, "Error:")
    assert "Oak bowl is now €22.00 (was €24.00)." in page.text
    assert "The total is now €27.00 (was €29.00)." in page.text
    assert "Nothing has been charged." in page.text
    assert nothing_is_ordered()
    guest.press("Place order and pay €27.00")
    assert Order.objects.get().total_minor == 2700


def test_a_changed_delivery_price_is_told_and_not_charged(guest, shop):
    way = make_shipping(shop, price=500)
    reach_review(guest, make_variant(shop))
    way.price_minor = 700
    way.save()

    page = guest.press("Place order")

    assert "Delivery from Fern & Co is now €7.00 (was €5.00)." in page.text
    assert nothing_is_ordered()


def test_another_tab_changed_the_cart(guest, shop):
    reach_review(guest, make_variant(shop, "Oak bowl"))
    review = guest.page
    put(guest, make_variant(shop, "Brass lamp"))
    guest.page = review

    page = guest.press("Place order")

    assert page.status == 409
    assert "Your cart changed in another tab." in page.text
    assert "Brass lamp" in page.text
    assert nothing_is_ordered()


def test_another_tab_changed_the_address(guest, shop):
    reach_review(guest, make_variant(shop))
    review = guest.page
    guest.open("/checkout/delivery/")
    guest.press("Continue to payment", line1="2 Mill Lane")
    guest.page = review

    page = guest.press("Place order")

    assert page.status == 409
    assert "Your delivery or payment changed in another tab." in page.text
    assert "2 Mill Lane" in page.text
    assert nothing_is_ordered()


def test_something_sold_out_and_one_button_orders_the_rest(guest, shop, rival):
    bowl, lamp = make_variant(shop, "Oak bowl"), make_variant(rival, "Brass lamp", price=1000)
    reach_review(guest, bowl, lamp)
    sell_out(bowl)

    page = guest.press("Place order and pay €40.00")

    assert page.status == 409
    assert "1 item sold out while you were checking out" in page.text
    assert "Oak bowl: sold out, moved to Saved for later." in page.text
    assert nothing_is_ordered()
    page = guest.press("Order the other items and pay €15.00", card=CAPTURED)
    assert "Thank you" in page.text
    order = Order.objects.get()
    assert (order.total_minor, order.seller_orders.get().shop) == (1500, rival)


def test_fewer_left_than_asked_for(guest, shop):
    bowl = make_variant(shop, price=1000)
    reach_review(guest, bowl, quantity=3)
    sell_out(bowl, left=1)

    page = guest.press("Place order")

    assert "Oak bowl: only 1 left, we changed 3 to 1." in page.text
    assert "Order the other items and pay €15.00" in page.text
    assert nothing_is_ordered()


def test_everything_sold_out(guest, shop):
    bowl = make_variant(shop)
    reach_review(guest, bowl)
    sell_out(bowl)

    page = guest.press("Place order")

    assert page.status == 409
    assert "Everything in your order is sold out" in page.text
    assert nothing_is_ordered()
    assert CartLine.objects.get().is_saved


def test_what_sold_out_before_review_is_said_there(guest, shop, rival):
    bowl = make_variant(shop, "Oak bowl")
    put(guest, bowl, make_variant(rival, "Brass lamp"))
    sell_out(bowl)
    guest.open("/checkout/")
    guest.press("Continue to payment", **TYPED)

    page = guest.press("Continue to review")

    assert "Oak bowl is sold out." in page.text
    assert "Place order" not in page.text
    page = guest.press("Go on with the other items")
    assert "Place order and pay €25.00" in page.text


def test_a_quote_made_up_by_the_sender_buys_nothing(guest, shop):
    reach_review(guest, make_variant(shop))

    page = guest.press("Place order", quote="0" * 40, seen="made:up")

    assert page.status == 409
    assert nothing_is_ordered()


def test_too_many_orders_from_one_place_have_to_wait(guest, shop, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"checkout": "1/60"}
    reach_review(guest, make_variant(shop))
    guest.press("Place order", card="")

    page = guest.press("Place order")

    assert page.status == 429
    assert int(page.response["Retry-After"]) > 0
    assert nothing_is_ordered()


# --- paying


def test_a_declined_card_can_be_replaced_while_the_hold_runs(guest, shop):
    bowl = make_variant(shop)

    page = check_out(guest, bowl, card=DECLINED)

    order = Order.objects.get()
    assert page.url == f"/orders/{order.number}/pay/"
    assert "The bank declined the card." in page.text
    assert f"Held for you until {order.expires_at:%H:%M} UTC" in page.text
    assert (order.state, stock_of(bowl)) == ("awaiting_payment", (5, 1))
    page = guest.press("Pay €25.00", card=CAPTURED)
    assert "Thank you, Gil" in page.text
    assert [payment.state for payment in Payment.objects.order_by("pk")] == ["failed", "captured"]


@pytest.mark.parametrize(
    ("answer", "state"), [("Approve", "paid"), ("Decline", "awaiting_payment")]
)
def test_the_bank_asks_and_the_buyer_answers(guest, shop, answer, state):
    page = check_out(guest, make_variant(shop), card=ASKS_FIRST)
    assert "Confirm the payment" in page.text
    order = Order.objects.get()
    waiting = guest.open(order.get_absolute_url())
    assert "Your bank wants you to confirm the payment." in waiting.text

    guest.follow("Confirm the payment")
    page = guest.press(answer)

    order.refresh_from_db()
    assert order.state == state
    assert ("Thank you" in page.text) == (state == "paid")


def test_only_the_buyer_answers_the_bank(guest, shop):
    check_out(guest, make_variant(shop), card=ASKS_FIRST)
    payment = Payment.objects.get()

    page = Visitor().post(payment.action_url, approve="1")

    payment.refresh_from_db()
    assert (page.status, payment.state) == (404, "requires_action")


def test_an_answer_that_has_not_come_is_waited_for(guest, shop, monkeypatch):
    from orders.gateways.protocol import Unknown
    from orders.gateways.test import TestGateway

    def start(self, payment, details):
        raise Unknown

    monkeypatch.setattr(TestGateway, "start", start)

    page = check_out(guest, make_variant(shop))

    assert "The bank has not answered yet." in page.text
    monkeypatch.undo()
    Payment.objects.update(created_at=now() - timedelta(minutes=1))
    page = guest.press("Check payment")
    assert "The payment did not reach the bank. Nothing was charged." in page.text


def test_after_the_hold_the_cart_can_be_filled_again(guest, shop):
    bowl = make_variant(shop, stock=1)
    check_out(guest, bowl, card=DECLINED)
    order = Order.objects.get()
    Order.objects.update(expires_at=now() - timedelta(seconds=1))

    page = guest.open(f"/orders/{order.number}/pay/")
    assert page.url == order.get_absolute_url()
    assert "Not paid in time" in page.text
    assert "Pay €" not in page.text

    call_command("release_expired")
    guest.open(order.get_absolute_url())
    page = guest.press("Fill my cart again")
    assert page.url == "/cart/"
    assert CartLine.objects.get(cart__ordered_at=None).quantity == 1


def test_what_is_gone_is_named_when_the_cart_is_filled_again(ana, buyer, shop):
    bowl, lamp = make_variant(shop, "Oak bowl", stock=2), make_variant(shop, "Brass lamp")
    order = make_order(buyer, bowl, lamp, quantity=2, paid=True)
    part = order.seller_orders.get()
    fulfilment.ship(seller_order=part)
    ana.open(order.get_absolute_url())
    assert "Buy again" in ana.page.text
    sell_out(bowl)

    page = ana.post(f"/orders/{order.number}/buy-again/")

    assert "Oak bowl can't be had now." in page.text
    assert CartLine.objects.get(cart__ordered_at=None).variant == lamp


def test_an_unpaid_order_can_be_cancelled_after_a_question(guest, shop):
    bowl = make_variant(shop)
    check_out(guest, bowl, card=DECLINED)
    order = Order.objects.get()
    guest.open(order.get_absolute_url())

    page = guest.follow("Cancel the order")
    assert f"Cancel order {order.number}?" in page.text
    assert stock_of(bowl) == (5, 1)
    page = guest.press("Cancel the order")

    assert "This order is cancelled." in page.text
    assert stock_of(bowl) == (5, 0)


def test_a_paid_order_is_cancelled_before_anything_is_sent(guest, shop):
    bowl = make_variant(shop)
    check_out(guest, bowl)
    order = Order.objects.get()
    guest.open(order.get_absolute_url())

    page = guest.follow("Cancel the order")
    assert "goes back to where it came from" in page.text
    page = guest.press("Cancel the order")

    assert "This order is cancelled." in page.text
    assert stock_of(bowl) == (5, 0)
    assert order.payments.get().refund_decided_minor == order.total_minor


@pytest.mark.parametrize("way", ["get", "post"])
def test_what_was_sent_is_not_cancelled(way, ana, buyer, shop):
    order = make_order(buyer, make_variant(shop), paid=True)
    fulfilment.ship(seller_order=order.seller_orders.get())
    assert "Cancel the order" not in ana.open(order.get_absolute_url()).text

    page = {"get": ana.open, "post": ana.post}[way](f"/orders/{order.number}/cancel/")

    assert "can't be cancelled any more" in page.text
    order.refresh_from_db()
    assert order.state == "paid"


# --- who may look


def test_a_guest_opens_the_order_by_the_link_alone(guest, shop):
    order = make_order(None, make_variant(shop), paid=True)

    page = guest.open(links.link_to(order).removeprefix("http://127.0.0.1:8000"))

    assert (page.url, page.status) == (order.get_absolute_url(), 200)
    assert guest.open(order.get_absolute_url()).status == 200
    assert Visitor().open(order.get_absolute_url()).status == 404


def test_a_link_opens_one_order_and_no_other(guest, shop):
    mine, theirs = (make_order(None, make_variant(shop, title)) for title in ("Bowl", "Lamp"))

    for token in (mine.guest_token(), "", "x", "None", str(theirs.access_key)):
        assert guest.open(f"{theirs.get_absolute_url()}?token={token}").status == 404
    assert guest.open(f"{mine.get_absolute_url()}?token={mine.guest_token()}").status == 200
    assert guest.open(theirs.get_absolute_url()).status == 404


def test_old_links_can_be_made_invalid(guest, shop):
    order = make_order(None, make_variant(shop), paid=True)
    old = f"{order.get_absolute_url()}?token={order.guest_token()}"
    thief = Visitor()
    thief.open(old)
    guest.open(old)

    page = guest.press("Make old links to this order invalid")

    assert page.status == 200
    assert thief.open(order.get_absolute_url()).status == 404
    assert Visitor().open(old).status == 404
    assert guest.open(order.get_absolute_url()).status == 200
    assert OutboxEvent.objects.filter(name="orders.OrderLinkAsked").count() == 1


def test_a_buyers_order_opens_by_their_account_and_by_no_link(ana, buyer, stranger, shop):
    order = make_order(buyer, make_variant(shop), paid=True)
    sam = Visitor()
    sam.client.force_login(stranger)

    assert ana.open(order.get_absolute_url()).status == 200
    assert sam.open(order.get_absolute_url()).status == 404
    with_token = f"{order.get_absolute_url()}?token={order.guest_token()}"
    assert Visitor().open(with_token).status == 404


def test_foreign_and_unknown_orders_get_the_same_answer(guest, buyer, shop):
    order = make_order(buyer, make_variant(shop))
    unknown = "MF-" + "2" * len(order.number.removeprefix("MF-"))
    assert unknown != order.number

    for path in ("", "pay/", "cancel/"):
        foreign = guest.client.get(f"/orders/{order.number}/{path}")
        nobodys = guest.client.get(f"/orders/{unknown}/{path}")
        assert foreign.status_code == nobodys.status_code == 404
        assert body(foreign).replace(order.number, "") == body(nobodys).replace(unknown, "")


@pytest.mark.parametrize("path", ["pay", "check", "cancel", "buy-again", "links"])
def test_a_stranger_changes_nothing(path, buyer, stranger, shop):
    order = make_order(buyer, make_variant(shop))
    key = order.access_key
    for visitor in (Visitor(), Visitor()):
        assert visitor.post(f"/orders/{order.number}/{path}/", card=CAPTURED).status == 404
        visitor.client.force_login(stranger)
        assert visitor.post(f"/orders/{order.number}/{path}/", card=CAPTURED).status == 404

    order.refresh_from_db()
    assert (order.state, order.access_key) == ("awaiting_payment", key)
    assert not Payment.objects.exists()


def test_nobody_keeps_a_copy(ana, buyer, shop):
    order = make_order(buyer, make_variant(shop))

    for path in (order.get_absolute_url(), f"/orders/{order.number}/pay/", "/account/orders/"):
        answer = ana.client.get(path)
        assert "no-store" in answer["Cache-Control"]
        assert answer["X-Robots-Tag"] == "noindex"


# --- tracking


def test_parcels_and_states_are_told_per_shop(ana, buyer, shop, rival):
    order = make_order(
        buyer, make_variant(shop, "Oak bowl"), make_variant(rival, "Brass lamp"), paid=True
    )
    part = order.seller_orders.get(shop=shop)
    fulfilment.ship(seller_order=part, carrier="An Post", tracking_number="IE123456789")

    page = ana.open(order.get_absolute_url())

    assert "IE123456789" in page.text
    assert "An Post" in page.text
    content = page.response.content.decode()
    courses = content.split('<ol class="timeline"')[1:]
    here = [course.partition("aria-current")[2][:200].split("\n")[1].strip() for course in courses]
    assert here == ["Shipped", "Paid"]


def test_the_page_costs_the_same_for_one_line_and_for_five(ana, buyer, shop, rival):
    small = make_order(buyer, make_variant(shop), paid=True)
    goods = [make_variant(rival if n % 2 else shop, f"Bowl {n}") for n in range(5)]
    large = make_order(buyer, *goods, paid=True)

    def count(order: Order) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert ana.open(order.get_absolute_url()).status == 200
        return len(queries)

    count(small)
    assert count(small) == count(large)


def test_the_list_shows_ones_own_twenty_a_page(ana, buyer, stranger, shop):
    bowl = make_variant(shop, stock=None)
    foreign = make_order(stranger, bowl)
    mine = [make_order(buyer, bowl) for _ in range(21)]

    ana.open("/account/orders/")
    with CaptureQueriesContext(connection) as first:
        page = ana.open("/account/orders/")

    assert mine[-1].number in page.text
    assert mine[0].number not in page.text
    assert foreign.number not in page.text
    with CaptureQueriesContext(connection) as second:
        assert mine[0].number in ana.open("/account/orders/?page=2").text
    assert len(second) == len(first)
    assert "/account/login/" in Visitor().open("/account/orders/").url


def test_an_account_without_orders_leads_on(ana):
    assert "No orders yet" in ana.open("/account/orders/").text


# --- finding an order


def asked() -> int:
    return OutboxEvent.objects.filter(name="orders.OrderLinkAsked").count()


def test_finding_says_the_same_whether_they_belong_together(guest, shop):
    order = make_order(None, make_variant(shop), email="gil@example.test")

    def answer(number: str, email: str) -> tuple[str, str]:
        guest.open("/orders/find/")
        page = guest.press("Send the link", number=number, email=email)
        return page.url, body(page.response)

    right = answer(f" {order.number.lower()} ", "GIL@example.test")
    assert asked() == 1
    assert answer(order.number, "sam@example.test") == right
    assert answer("MF-22222222", "gil@example.test") == right
    assert asked() == 1


def test_finding_is_limited(guest, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"find_order": "2/600"}

    statuses = [guest.post("/orders/find/", number="MF-1").status for _ in range(3)]

    assert statuses == [422, 422, 429]


def test_who_proves_the_address_gets_the_orders_of_the_guest(shop, stranger, buyer):
    from allauth.account.models import EmailAddress
    from allauth.account.signals import email_confirmed

    mine = make_order(None, make_variant(shop, stock=None), email="Ana@Example.test")
    other = make_order(None, make_variant(shop, stock=None), email="sam@example.test")

    address = EmailAddress.objects.get(user=buyer)
    email_confirmed.send(EmailAddress, request=None, email_address=address)

    mine.refresh_from_db()
    other.refresh_from_db()
    assert (mine.buyer, other.buyer) == (buyer, None)


# --- billing address and notes


BILLED = {
    "same": "",
    "billing-name": "Gil Ltd",
    "billing-country": "IE",
    "billing-line1": "2 Quay Street",
    "billing-postcode": "D02 X285",
    "billing-city": "Dublin",
}


def test_the_invoice_goes_where_the_parcel_goes_unless_said_otherwise(guest, shop):
    check_out(guest, make_variant(shop))

    order = Order.objects.get()
    assert order.billing_address == {}
    assert order.billing.lines() == order.lines()


def test_another_billing_address_is_asked_for_once_shown_and_copied(guest, shop):
    put(guest, make_variant(shop))
    guest.open("/checkout/delivery/")

    asked = guest.press("Continue to payment", **TYPED | {"same": ""})
    assert asked.status == 200
    guest.press("Continue to payment", **TYPED | BILLED)
    again = guest.open("/checkout/delivery/")
    assert "2 Quay Street" in again.response.content.decode()
    guest.open("/checkout/payment/")
    review = guest.press("Continue to review")
    assert "Gil Ltd" in review.text
    order_page = guest.press("Place order", card=CAPTURED)

    order = Order.objects.get()
    assert order.billing.name == "Gil Ltd"
    assert order.name == "Gil Guest"
    assert "2 Quay Street" in order_page.text


def test_a_billing_address_with_holes_is_asked_for_again(guest, shop):
    put(guest, make_variant(shop))
    guest.open("/checkout/delivery/")
    guest.press("Update delivery options", **TYPED | {"same": ""})

    page = guest.press("Continue to payment", **{"billing-name": "Gil Ltd"})

    assert page.status == 422
    assert 'href="#id_billing-line1"' in page.response.content.decode()
    assert Cart.objects.get().checkout == {}


def test_a_note_to_one_shop_is_read_by_that_shop_alone(guest, shop, rival):
    put(guest, make_variant(shop), make_variant(rival, "Jug"))
    guest.open("/cart/")
    guest.press("Update cart", **{"note-fern-co": "Wrap the bowl."})
    guest.open("/checkout/")
    guest.press("Continue to payment", **TYPED)
    review = guest.press("Continue to review")

    guest.press("Place order", card=CAPTURED)

    assert "Wrap the bowl." in review.text
    order = Order.objects.get()
    notes = {part.shop.name: part.buyers_note for part in order.seller_orders.all()}
    assert notes == {"Fern & Co": "Wrap the bowl.", "Rival Goods": ""}
