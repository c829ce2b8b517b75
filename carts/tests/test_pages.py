from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import PASSWORD
from carts.models import Cart, CartLine
from carts.tests.factories import make_shipping
from catalog.models import Product
from catalog.services import inventory
from catalog.tests.factories import make_variant
from marketflow.core.tests.pages import Visitor

pytestmark = pytest.mark.django_db

PARTIAL = {"HTTP_HX_REQUEST": "true", "HTTP_HX_REQUEST_TYPE": "partial"}


@pytest.fixture
def guest() -> Visitor:
    return Visitor()


def put(visitor: Visitor, variant, quantity: int = 1):
    if not variant.shop.shipping_options.exists():
        make_shipping(variant.shop)
    return visitor.post("/cart/add/", variant=variant.uuid, quantity=quantity)


def quantities() -> dict[str, int]:
    lines = CartLine.objects.filter(is_saved=False).select_related("variant__product")
    return {line.variant.product.title: line.quantity for line in lines}


def test_an_empty_cart_leads_on_and_opens_none(guest):
    page = guest.open("/cart/")

    assert page.status == 200
    assert "Your cart is empty" in page.text
    assert b"/account/login/?next=/cart/" in page.response.content
    assert not Cart.objects.exists()


def test_what_a_guest_adds_is_there_by_the_cookie(guest, shop):
    page = put(guest, make_variant(shop, "Oak bowl", price=2000), 2)

    assert (page.url, page.status) == ("/cart/", 200)
    assert "Oak bowl is in your cart." in page.text
    assert "€40.00" in page.text
    cookie = guest.client.cookies["cart"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert cookie.value not in Cart.objects.get().token_hash
    assert "Your cart is empty" in Visitor().open("/cart/").text


def test_each_shop_has_a_panel_and_the_summary_adds_up(guest, shop, rival):
    make_shipping(shop, price=500)
    make_shipping(rival, price=300)
    put(guest, make_variant(shop, "Oak bowl", price=2000))

    page = put(guest, make_variant(rival, "Brass lamp", price=1000))

    for words in ("Fern & Co", "Rival Goods", "Delivery from 2 shops", "€8.00", "€38.00"):
        assert words in page.text
    assert "Not held until you place the order" in page.text


def test_a_refused_addition_says_why_on_the_products_page(guest, shop):
    bowl = make_variant(shop, stock=1)

    answer = guest.client.post("/cart/add/", {"variant": bowl.uuid, "quantity": 2})

    assert answer.status_code == 303
    assert answer["Location"] == f"/p/{bowl.product.slug}/?v={bowl.uuid}"
    assert "Only 1 is left." in guest.open("/cart/").text
    assert not CartLine.objects.exists()


def test_a_refusal_returns_to_the_page_it_came_from_if_that_is_ours(guest, shop):
    bowl = make_variant(shop, stock=0)

    def sent_to(referrer: str) -> str:
        body = {"variant": bowl.uuid}
        return guest.client.post("/cart/add/", body, HTTP_REFERER=referrer)["Location"]

    assert sent_to("http://testserver/search/?q=bowl") == "http://testserver/search/?q=bowl"
    assert sent_to("https://elsewhere.example/").startswith("/p/")


def test_what_nobody_may_see_can_not_be_added(guest, shop):
    hidden = make_variant(shop, state="draft")

    for variant in (hidden.uuid, "11111111-1111-4111-8111-111111111111", "x", ""):
        answer = guest.client.post("/cart/add/", {"variant": variant})
        assert answer.status_code == 404
    assert not Cart.objects.exists()


def test_adding_with_htmx_gives_a_drawer_and_the_count(guest, shop):
    bowl = make_variant(shop, stock=1)
    make_shipping(shop)

    added = guest.client.post("/cart/add/", {"variant": bowl.uuid}, **PARTIAL)
    refused = guest.client.post("/cart/add/", {"variant": bowl.uuid}, **PARTIAL)

    assert (added.status_code, refused.status_code) == (200, 409)
    assert b'<dialog class="drawer" data-open' in added.content
    assert b'hx-swap-oob="true"' in added.content
    assert b"<html" not in refused.content
    assert b"Only 1 is left." in refused.content


def test_the_update_button_takes_all_quantities_and_options(guest, shop):
    make_shipping(shop, price=400)
    fast = make_shipping(shop, price=900, name="Express")
    bowl, lamp = make_variant(shop, "Oak bowl"), make_variant(shop, "Brass lamp")
    put(guest, bowl)
    put(guest, lamp)
    by_title = {line.variant_id: f"quantity-{line.uuid}" for line in CartLine.objects.all()}

    page = guest.press(
        "Update cart",
        **{by_title[bowl.pk]: "3", by_title[lamp.pk]: "0", f"shipping-{shop.slug}": fast.uuid},
    )

    assert quantities() == {"Oak bowl": 3}
    assert "€69.00" in page.text


@pytest.mark.parametrize("typed", ["many", "-1", "1000", "1.5"])
def test_a_wrong_quantity_is_said_at_its_line(guest, shop, typed):
    put(guest, make_variant(shop))
    name = f"quantity-{CartLine.objects.get().uuid}"

    page = guest.press("Update cart", **{name: typed})

    assert page.status == 422
    assert page.title.startswith("Error:")
    assert "Oak bowl: Enter a number from 0 to 999" in page.links
    assert page.form("/cart/update/").fields[name] == typed
    assert quantities() == {"Oak bowl": 1}


def test_more_than_there_is_is_refused_at_its_line_and_changes_nothing(guest, shop):
    put(guest, make_variant(shop, "Oak bowl", stock=2))
    put(guest, make_variant(shop, "Brass lamp"))
    names = [f"quantity-{line.uuid}" for line in CartLine.objects.all()]

    page = guest.press("Update cart", **{names[0]: "3", names[1]: "2"})

    assert page.status == 409
    assert "Oak bowl: Only 2 are left." in page.links
    assert quantities() == {"Oak bowl": 1, "Brass lamp": 1}


def test_a_removed_line_can_be_put_back(guest, shop):
    put(guest, make_variant(shop, "Oak bowl"), 3)

    page = guest.press("Remove Oak bowl")

    assert "Oak bowl was removed." in page.text
    assert quantities() == {}
    guest.press("Undo")
    assert quantities() == {"Oak bowl": 3}


def test_a_line_can_wait_and_come_back(guest, shop):
    put(guest, make_variant(shop, "Oak bowl"))

    page = guest.press("Save Oak bowl for later")
    assert "Saved for later" in page.text
    assert quantities() == {}

    guest.press("Move Oak bowl to the cart")
    assert quantities() == {"Oak bowl": 1}


def test_nobody_touches_the_lines_of_another_cart(guest, shop, rival):
    put(guest, make_variant(shop, "Oak bowl"))
    line = CartLine.objects.get()
    sam = Visitor()
    put(sam, make_variant(rival, "Brass lamp"))

    for path in (f"lines/{line.uuid}/remove/", f"lines/{line.uuid}/save/"):
        sam.post(f"/cart/{path}")
        Visitor().post(f"/cart/{path}")
    sam.post("/cart/update/", **{f"quantity-{line.uuid}": 5})

    line.refresh_from_db()
    assert (line.quantity, line.is_saved) == (1, False)


def test_what_changed_is_told_once_on_top_and_settled_by_a_button(guest, shop):
    bowl, lamp, cup = (make_variant(shop, title, stock=5) for title in ("Bowl", "Lamp", "Cup"))
    for variant in (bowl, lamp, cup):
        put(guest, variant, 3)
    bowl.price_minor = 2200
    bowl.save()
    for variant, left in ((lamp, 1), (cup, 0)):
        variant.stock.on_hand = left
        variant.stock.save()

    page = guest.open("/cart/")

    assert "Bowl is now €22.00 (was €20.00)." in page.text
    assert "Only 1 left of Lamp; you have 3." in page.text
    assert "Cup is sold out." in page.text
    assert quantities() == {"Bowl": 3, "Lamp": 3, "Cup": 3}

    page = guest.press("Update the cart")

    assert quantities() == {"Bowl": 3, "Lamp": 1}
    assert "Some things changed" not in page.text


def test_a_withdrawn_product_stays_explained(guest, shop):
    put(guest, make_variant(shop))
    Product.objects.update(state="archived")

    page = guest.open("/cart/")

    assert "Oak bowl can't be bought at the moment." in page.text


def test_another_country_shows_its_delivery(guest, shop):
    make_shipping(shop, price=500, countries=["IE"])
    make_shipping(shop, price=1500, countries=["DE"], name="Abroad")
    put(guest, make_variant(shop))

    page = guest.press("Update delivery", country="DE", postcode="10115")
    assert "Abroad" in page.text
    assert "Delivery to Germany" in page.text

    page = guest.press("Update delivery", country="US", postcode="")
    assert "Fern & Co does not deliver there." in page.text

    page = guest.press("Update delivery", country="XX")
    assert page.status == 422
    assert str(Cart.objects.get().country) == "US"


def test_a_new_cart_goes_where_the_visitor_is(guest, shop):
    make_shipping(shop, price=500, countries=["IE"])
    make_shipping(shop, price=1500, countries=["DE"], name="Abroad")
    guest.client.cookies["country"] = "DE"

    page = put(guest, make_variant(shop))

    assert "Abroad" in page.text
    guest.press("Update delivery", country="IE", postcode="")
    assert guest.client.cookies["country"].value == "IE"


def test_a_guests_cart_comes_along_at_sign_in(guest, buyer, shop):
    put(guest, make_variant(shop, "Oak bowl"), 2)

    guest.open("/account/login/?next=/cart/")
    page = guest.press("Sign in", login=buyer.email, password=PASSWORD)

    assert page.url == "/cart/"
    assert "Oak bowl" in page.text
    assert Cart.objects.get().buyer == buyer


def test_reading_writes_nothing(guest, shop):
    put(guest, make_variant(shop))

    with CaptureQueriesContext(connection) as queries:
        guest.open("/cart/")

    assert all(query["sql"].startswith("SELECT") for query in queries)


def test_the_cart_costs_the_same_for_one_line_and_for_thirty(buyer, shop, rival):
    visitor = Visitor(Client())
    visitor.client.force_login(buyer)
    put(visitor, make_variant(shop, "Oak bowl"))
    make_shipping(rival)

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert visitor.open("/cart/").status == 200
        return len(queries)

    count()
    for_one = count()
    for n in range(29):
        put(visitor, make_variant(rival if n % 2 else shop, f"Bowl {n}"))
    visitor.open("/cart/")

    assert count() == for_one
    assert for_one <= 10


def test_nobody_keeps_a_copy_of_the_page(guest):
    answer = guest.client.get("/cart/")

    assert "no-store" in answer["Cache-Control"]
    assert "private" in answer["Cache-Control"]
    assert b'name="robots" content="noindex"' in answer.content


def test_changes_are_posts(guest):
    for path in ("add", "update", "settle", "delivery"):
        assert guest.client.get(f"/cart/{path}/").status_code == 405


# --- notes to the sellers


def test_a_note_is_kept_for_its_shop_and_can_be_taken_back(guest, shop, rival):
    put(guest, make_variant(shop))
    put(guest, make_variant(rival, "Jug"))

    page = guest.press("Update cart", **{"note-fern-co": " Wrap it, it is a gift. "})

    assert Cart.objects.get().notes == {"fern-co": "Wrap it, it is a gift."}
    assert "Wrap it, it is a gift." in page.response.content.decode()

    guest.press("Update cart", **{"note-fern-co": ""})

    assert Cart.objects.get().notes == {}


def test_a_note_that_is_too_long_is_kept_on_the_page_and_nowhere_else(guest, shop):
    put(guest, make_variant(shop))

    page = guest.press("Update cart", **{"note-fern-co": "x" * 1001})

    assert page.status == 422
    assert "x" * 1001 in page.response.content.decode()
    assert Cart.objects.get().notes == {}


def test_the_swapped_cart_shows_the_note_that_was_just_typed(guest, shop):
    put(guest, make_variant(shop))

    answer = guest.client.post("/cart/update/", {"note-fern-co": "Wrap it."}, **PARTIAL)

    assert answer.status_code == 200
    assert "Wrap it.</textarea>" in answer.content.decode()


def test_a_cart_of_which_nothing_can_be_had_leads_to_no_checkout(guest, shop, rival):
    bowl, lamp = make_variant(shop, "Oak bowl", stock=1), make_variant(rival, "Lamp", stock=1)
    put(guest, bowl)
    put(guest, lamp)

    inventory.reserve({bowl.stock.pk: 1})
    page = guest.open("/cart/").response.content.decode()
    assert page.count(' href="/checkout/"') == 2
    assert page.count('value="fern-co" disabled') == 1
    assert 'value="rival-goods" disabled' not in page

    inventory.reserve({lamp.stock.pk: 1})
    page = guest.open("/cart/").response.content.decode()
    assert ' href="/checkout/"' not in page
    assert page.count('role="link" aria-disabled="true" tabindex="0">Nothing to check out') == 2
