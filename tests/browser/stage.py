"""Sets the scene in a seeded market: the states of pages that chance alone would not make.

Runs inside the market's own process (`manage.py shell`); what it made is written down as JSON:
the cookies of every visitor, and the addresses of the pages by name.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.test import Client
from django.utils.timezone import now

from accounts.models import Shop, ShopMember, User
from accounts.services import following, shops
from accounts.tests.factories import make_address, make_user
from carts.models import BackInStockRequest, Cart, ShippingOption
from carts.services import baskets, guest_waits, pricing, wish_list
from catalog.models import Category, Product, Variant
from catalog.tests.factories import make_product, make_variant
from chat.services import messaging, proposals
from marketflow.demo.people import SELLER
from orders.gateways.test import CAPTURED
from orders.models import Order, Return, SellerOrder
from orders.services import checkout, disputes, fulfilment, payments, refunds, returns
from orders.services.checkout import Delivery
from orders.services.returns import Arrived

# Buyers who write to Fernhouse, each in the conversation of one test.
TALKERS = ("live", "offline", "plain", "keys", "pushed", "long", "scrolled", "wishing")
# Owns the long shop; who adds a passkey is asked for it everywhere, so nobody else does.
PASSKEY_SELLER = "petra@example.test"
LONG_SHOP = "The Worshipful Company of Bookbinders & Papermakers of Lower Saxony"
LONG_TITLE = (
    "Hand-bound travelling journal in vegetable-tanned leather with deckle-edged cotton paper, "
    "brass clasp and Donaudampfschifffahrtsgesellschaftskapitänsmütze embossing"
)


def write(path: str) -> None:
    long_shop = make_long_shop()
    petra = make_user("petra", email=PASSKEY_SELLER)
    ShopMember.objects.create(shop=long_shop, user=petra, role=ShopMember.Role.OWNER)
    buyer = make_user("ana buyer", email="ana@example.test")
    make_address(buyer, is_default=True)
    make_address(buyer, name="Ana at the office of a company with a long name", line2="4th floor")
    applicant = make_user("fern applicant", email="fern@example.test")
    shops.apply(user=applicant, name="Fern's Second Shop", slug="ferns-second", country="IE")
    goods = set_out(long_shop)
    cart = [goods["mug"], goods["dear"], goods["long"]]
    orders = {
        "order_waiting": order(buyer, cart[:2]),
        "order_declined": declined(order(buyer, cart[:1])),
        "order_paid": order(buyer, cart, paid=True),
        "order_shipped": order(buyer, cart, paid=True, shipped=True),
        "order_after": gone_through_much(order(buyer, cart, paid=True, shipped=True)),
    }
    # Before the cart that stays: a buyer has one.
    talk = conversation(buyer)
    filled_cart(buyer, cart[:2])
    for name in ("dear", "long", "gone"):
        wish_list.toggle(user=buyer, product=goods[name].product)
    follow_some(buyer, long_shop)
    visitors = {
        "nobody": {},
        "seller": signed_in(User.objects.get(email=SELLER[0])),
        "ana": signed_in(buyer),
        "fern": signed_in(applicant),
        **{
            name: signed_in(make_user(f"{name} buyer", email=f"{name}@example.test"))
            for name in TALKERS
        },
        "newcomer": signed_in(make_user("sam stranger", email="sam@example.test")),
        "shopper": with_a_cart(cart),
        "guest": at_review(cart),
        # Two who want the same last one.
        "first_guest": at_review([goods["last"]]),
        "second_guest": with_a_cart([goods["last"]]),
    }
    waits = waiting_guest(goods["gone"])
    written = {"visitors": visitors, "places": places(goods, orders, buyer) | talk | waits}
    Path(path).write_text(json.dumps(written))


def make_long_shop() -> Shop:
    """A shop whose name and goods are longer than any design likes."""
    shop = Shop.objects.create(
        name=LONG_SHOP, slug="bookbinders", state="open", country="DE", city="Wolfenbüttel",
        tagline="Bookbinding, papermaking, marbling, gilding and the repair of what others bound",
        about="We have bound books since 1572.\n\nSome of them are still open.",
        opened_at=now(),
    )  # fmt: skip
    ShippingOption.objects.create(
        shop=shop, name="Insured freight with an appointment", price_minor=123_45,
        currency="EUR", min_days=10, max_days=15,
    )  # fmt: skip
    return shop


def set_out(shop: Shop) -> dict[str, Variant]:
    """Goods by the name the tests use."""
    books = Category.objects.get(name="Notebooks")
    chest = make_product(
        shop, "Chest of drawers for a library", category=books,
        option1_name="Wood", option2_name="Drawers",
        description="<p>Oak or walnut, as tall as the ladder.</p>",
    )  # fmt: skip
    for wood, number, stock in (("Oak", 12, 4), ("Oak", 24, 0), ("Walnut", 12, 20)):
        dear = make_variant(
            shop, product=chest, price=1_234_500 + number, compare_at_minor=1_599_900,
            stock=stock, option1=wood, option2=f"{number} drawers", sku=f"CH-{wood}-{number}",
        )  # fmt: skip
    return {
        "dear": dear,
        "long": make_variant(shop, LONG_TITLE, price=18_900, stock=7, category=books),
        "last": make_variant(shop, "Last folio", price=9_900, stock=1, category=books),
        "gone": make_variant(shop, "Gilded bookmark", price=2_450, stock=0, category=books),
        "mug": Variant.objects.for_sale()
        .filter(product__title="Speckled stoneware mug", stock__on_hand__gte=3)
        .order_by("pk")[0],
    }


def filled_cart(buyer: User, goods: list[Variant]) -> Cart:
    cart = Cart.objects.create(buyer=buyer)
    for variant in goods:
        baskets.add(cart, Variant.objects.get(pk=variant.pk))
    return cart


def order(
    buyer: User, goods: list[Variant], *, paid: bool = False, shipped: bool = False
) -> Order:
    cart = filled_cart(buyer, goods)
    address = buyer.addresses.get(is_default=True).snapshot()
    placed = checkout.place_order(
        cart=cart,
        quote=pricing.price(cart, country=address["country"]).quote,
        buyer=buyer,
        delivery=Delivery(email=buyer.email, address=address),
    )
    if paid:
        payments.start(order=placed, method="test", details={"card": CAPTURED})
    if shipped:
        for part in placed.seller_orders.all():
            fulfilment.ship(seller_order=part, carrier="An Post", tracking_number="A0123456789")
    return placed


def declined(placed: Order) -> Order:
    """A card that Stripe refused: its page asks for another."""
    details = {"payment_method": "pm_card_visa_chargeDeclined"}
    payments.start(order=placed, method="stripe", details=details)
    return placed


def gone_through_much(placed: Order) -> Order:
    """Delivered; a unit came back and was refunded, another is asked for; a problem is open."""
    part = placed.seller_orders.first()
    fulfilment.deliver(seller_order=part)
    first, second = part.lines.order_by("pk")[:2]
    parcel = returns.request(part=part, lines={first.pk: 1}, reason="It is too small.")
    returns.approve(parcel=parcel, answer="Use the label in the box.")
    refunds.send(returns.receive(parcel=parcel, lines={first.pk: Arrived(units=1)}))
    returns.request(part=part, lines={second.pk: 1}, reason="It came in another colour.")
    dispute = disputes.open_by_buyer(part=part, reason="One of them came in pieces.")
    disputes.answer(dispute=dispute, text="It was whole when it left us.")
    return placed


def follow_some(buyer: User, long_shop: Shop) -> None:
    """Shops in every state that the list may show."""
    new, closed, away = (
        Shop.objects.create(name=name, slug=slug, state="open", country="IE", city="Sligo")
        for name, slug in (("New Kiln", "new"), ("Cold Kiln", "closed"), ("Beach Kiln", "away"))
    )
    fernhouse = Shop.objects.get(slug="fernhouse")
    for shop in (new, closed, away, fernhouse, long_shop):
        following.follow(user=buyer, shop=shop)
    following.mute(user=buyer, shop=fernhouse, is_muted=True)
    Shop.objects.filter(pk=closed.pk).update(state="suspended")
    until = now().date() + timedelta(days=9)
    Shop.objects.filter(pk=away.pk).update(away_from=now().date(), away_until=until)


def conversation(buyer: User) -> dict[str, str]:
    """Ana and Fernhouse: a question, an answer with an offer, and one of each for the tests."""
    shop = Shop.objects.get(slug="fernhouse")
    keeper = User.objects.get(email=SELLER[0])
    pot = Variant.objects.for_sale().filter(product__shop=shop, stock__on_hand__gte=3)
    paid = order(buyer, list(pot.order_by("pk")[:1]), paid=True)
    # Read anew: the order in memory does not know yet that it is paid.
    part = SellerOrder.objects.get(order_id=paid.pk)
    asked = messaging.start_as_buyer(
        buyer=buyer, shop=shop, part=part, body="One of them has a crack, see https://a.example/b"
    )
    messaging.post(conversation=asked.conversation, author=keeper, body="I am sorry.\n\nKeep it.")
    proposals.offer_refund(
        conversation=asked.conversation, part=part, amount_minor=200, reason="Crack", author=keeper
    )
    talk = asked.conversation.get_absolute_url()
    talks = {"messages": "/messages/", "talk": talk, "report": f"{talk}report/"}
    for name in TALKERS:
        other = make_user(f"{name} buyer", email=f"{name}@example.test")
        first = messaging.start_as_buyer(buyer=other, shop=shop, body="Hello?")
        talks[f"talk_{name}"] = first.conversation.get_absolute_url()
    return talks | {
        # Of which a page shows 50, and of which a screen shows a part.
        "talk_long": long_talk(make_user("long buyer", email="long@example.test"), shop, 130),
        "talk_scrolled": long_talk(User.objects.get(email="scrolled@example.test"), shop, 30),
    }


def long_talk(buyer: User, shop: Shop, many: int) -> str:
    for number in range(1, many + 1):
        said = messaging.start_as_buyer(buyer=buyer, shop=shop, body=f"Number {number}")
    return said.conversation.get_absolute_url()


def waiting_guest(variant: Variant) -> dict[str, str]:
    """Somebody without an account wants to be told, and has yet to confirm it."""
    guest_waits.ask(email="gil@example.test", variant=variant)
    link = guest_waits.link_to_confirm(BackInStockRequest.objects.latest("pk"))
    return {
        "tell_guest": f"/cart/tell-me/{variant.uuid}/",
        "confirm_wait": link.removeprefix(settings.SITE_URL),
    }


def visitor() -> Client:
    return Client(SERVER_NAME="127.0.0.1")


def cookies(client: Client) -> dict[str, str]:
    """Without the notices that nobody has read yet."""
    return {name: m.value for name, m in client.cookies.items() if name != "messages"}


def signed_in(user: User) -> dict[str, str]:
    client = visitor()
    client.force_login(user)
    return cookies(client)


def with_a_cart(goods: list[Variant]) -> dict[str, str]:
    return cookies(shopper(goods))


def shopper(goods: list[Variant]) -> Client:
    client = visitor()
    for variant in goods:
        expect(client.post("/cart/add/", {"variant": variant.uuid, "quantity": 1}), 303)
    return client


def at_review(goods: list[Variant]) -> dict[str, str]:
    """A guest who has typed everything and may look at each step of checkout."""
    client = shopper(goods)
    typed = make_address() | {"email": "guest@example.test", "shown_for": "IE", "same": "on"}
    expect(client.post("/checkout/delivery/", typed), 303)
    expect(client.post("/checkout/payment/", {"method": "test"}), 303)
    return cookies(client)


def expect(response, status: int) -> None:
    if response.status_code != status:
        raise RuntimeError(f"{response.request['PATH_INFO']} answers {response.status_code}")


def places(goods: dict[str, Variant], orders: dict[str, Order], buyer: User) -> dict[str, str]:
    products = {f"product_{name}": v.product.get_absolute_url() for name, v in goods.items()}
    plain = Product.objects.listed().filter(option1_name="").exclude(shop__slug="bookbinders")
    shipped, after = orders["order_shipped"], orders["order_after"]
    sent = f"{shipped.get_absolute_url()}parts/{shipped.seller_orders.first()}/"
    returned = Return.objects.filter(seller_order__order=after).first()
    return products | {
        "product_plain": plain.order_by("pk")[0].get_absolute_url(),
        "category": Category.objects.get(name="Notebooks").get_absolute_url(),
        "shop": "/shops/fernhouse/",
        "shop_long": "/shops/bookbinders/",
        "address": f"/account/addresses/{buyer.addresses.first().uuid}/",
        **{name: order.get_absolute_url() for name, order in orders.items()},
        "pay": f"{orders['order_waiting'].get_absolute_url()}pay/",
        "cancel": f"{orders['order_paid'].get_absolute_url()}cancel/",
        "send_back": f"{sent}return/",
        "complain": f"{sent}problem/",
        "received": f"{sent}received/",
        "return": f"{after.get_absolute_url()}returns/{returned.uuid}/",
        "pay_by_card": f"{orders['order_declined'].get_absolute_url()}pay/",
    }
