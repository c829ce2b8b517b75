from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import Value
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.events import AccountDeleted
from accounts.models import Shop
from accounts.services import privacy
from accounts.tests.factories import PASSWORD, make_user
from carts.models import Cart, CartLine, WishListItem
from carts.receivers import forget_what_they_meant_to_buy
from carts.services import baskets, waiting_lines, wish_list
from carts.services.carried import Carried, carried
from carts.tests.factories import fill_cart
from catalog.models import Product, ProductImage, Variant
from catalog.tests.factories import make_category, make_product, make_variant
from marketflow.core.tests.clients import api_for
from marketflow.core.tests.pages import Visitor

pytestmark = pytest.mark.django_db

PARTIAL = {"HTTP_HX_REQUEST": "true", "HTTP_HX_REQUEST_TYPE": "partial"}
HEARTS = "/account/wish-list/hearts/"
LIST = "/account/wish-list/"


@pytest.fixture
def bowl(shop) -> Product:
    return make_variant(shop, "Oak bowl").product


@pytest.fixture
def ana(client, buyer) -> Client:
    client.force_login(buyer)
    return client


def wishes(user) -> list[str]:
    return [item.product.title for item in WishListItem.objects.filter(user=user)]


# --- the list


def test_saved_twice_a_product_is_there_once(buyer, bowl):
    assert wish_list.add(user=buyer, product=bowl) is True
    assert wish_list.add(user=buyer, product=bowl) is False

    assert wishes(buyer) == ["Oak bowl"]


def test_taken_off_twice_it_is_off(buyer, bowl):
    wish_list.add(user=buyer, product=bowl)

    assert wish_list.remove(user=buyer, product=bowl) is True
    assert wish_list.remove(user=buyer, product=bowl) is False
    assert wishes(buyer) == []


def test_a_full_list_takes_no_more(buyer, shop, monkeypatch):
    monkeypatch.setattr(wish_list, "MOST", 2)
    bowls = [make_product(shop, f"Bowl {n}") for n in range(3)]
    for bowl in bowls[:2]:
        wish_list.add(user=buyer, product=bowl)

    with pytest.raises(wish_list.WishListFull):
        wish_list.add(user=buyer, product=bowls[2])

    assert wishes(buyer) == ["Bowl 1", "Bowl 0"]
    assert wish_list.add(user=buyer, product=bowls[0]) is False


def test_a_list_is_its_owners_alone(buyer, seller, stranger, bowl):
    wish_list.add(user=buyer, product=bowl)

    assert WishListItem.objects.visible_to(buyer).count() == 1
    for other in (stranger, seller, AnonymousUser()):
        assert not WishListItem.objects.visible_to(other).exists()
        assert wish_list.ids(other) == frozenset()


# --- hearts


def test_a_heart_saves_and_leads_back(buyer, bowl):
    ana = Visitor()
    ana.client.force_login(buyer)
    ana.open("/p/oak-bowl/")

    page = ana.press("Save Oak bowl")

    assert (page.url, wishes(buyer)) == ("/p/oak-bowl/", ["Oak bowl"])
    assert "Oak bowl is on your wish list." in page.text
    assert page.button("Save Oak bowl").attrs["aria-pressed"] == "true"

    page = ana.press("Save Oak bowl")

    assert wishes(buyer) == []
    assert "Oak bowl was removed." in page.text
    assert page.button("Save Oak bowl").attrs["aria-pressed"] == "false"


def test_htmx_gets_the_heart_and_a_toast_with_a_way_back(ana, buyer, bowl):
    answer = ana.post(HEARTS, {"product": "oak-bowl"}, **PARTIAL)

    assert b'aria-pressed="true"' in answer.content
    assert b"hx-swap-oob=\"outerMorph:.heart[value='oak-bowl']\"" in answer.content
    assert json.loads(answer["HX-Trigger"])["toast"] == {
        "text": "Saved",
        "href": LIST,
        "action": "View",
    }

    answer = ana.post(HEARTS, {"product": "oak-bowl"}, **PARTIAL)

    assert b'aria-pressed="false"' in answer.content
    toast = json.loads(answer["HX-Trigger"])["toast"]
    assert toast["press"] == {"form": "wish", "name": "product", "value": "oak-bowl"}


def test_a_heart_leads_nowhere_else(ana, bowl):
    answer = ana.post(HEARTS, {"product": "oak-bowl"}, headers={"Referer": "https://evil.test/p/"})

    assert (answer.status_code, answer["Location"]) == (303, "/")


@pytest.mark.parametrize("named", ["", "no-such-bowl", "a/b", "\x00", "draft-bowl", "closed-bowl"])
def test_what_cannot_be_seen_cannot_be_saved(ana, buyer, shop, rival, named):
    make_variant(shop, "Draft bowl", state="draft")
    make_variant(rival, "Closed bowl")
    Shop.objects.filter(pk=rival.pk).update(state=Shop.State.SUSPENDED)

    assert ana.post(HEARTS, {"product": named}).status_code == 404
    assert Client().post(HEARTS, {"product": named}).status_code == 404
    assert ana.post("/account/wish-list/to-cart/", {"product": named}).status_code == 404
    assert not WishListItem.objects.exists()


def test_what_is_no_longer_sold_can_still_be_taken_off(ana, buyer, bowl):
    wish_list.add(user=buyer, product=bowl)
    Product.objects.update(state="archived")

    assert ana.post(HEARTS, {"product": "oak-bowl"}).status_code == 303
    assert wishes(buyer) == []


def test_a_full_list_is_said_where_something_can_be_taken_off(ana, bowl, monkeypatch):
    monkeypatch.setattr(wish_list, "MOST", 0)

    page = ana.post(HEARTS, {"product": "oak-bowl"}, follow=True)
    partial = ana.post(HEARTS, {"product": "oak-bowl"}, **PARTIAL)

    assert b"A wish list holds at most" in page.content
    assert (partial.status_code, partial["HX-Redirect"]) == (204, LIST)


def test_hearts_are_pressed_on_every_page_with_cards(ana, buyer, shop):
    home = make_category("Home", "Bowls")
    bowl = make_variant(shop, "Oak bowl", category=home).product
    make_variant(shop, "Ash bowl", category=home)
    wish_list.add(user=buyer, product=bowl)

    for address in ("/", "/c/home/", "/search/?q=bowl", f"/shops/{shop.slug}/", "/p/ash-bowl/"):
        page = ana.get(address).content.decode()
        assert page.count('<form id="wish"') == 1, address
        heart = page.split('value="oak-bowl" aria-pressed="')[1]
        assert heart.startswith("true"), address
        assert 'value="ash-bowl" aria-pressed="false"' in page, address


def test_a_shops_own_draft_has_no_heart(client, seller, shop):
    make_variant(shop, "Draft bowl", state="draft")
    client.force_login(seller)

    assert b'value="draft-bowl"' not in client.get("/p/draft-bowl/").content


# --- before signing in


def test_what_a_visitor_wishes_is_saved_once_signed_in(bowl, buyer):
    guest = Visitor()
    guest.open("/p/oak-bowl/?from=mail")

    page = guest.press("Save Oak bowl")

    assert page.url.startswith("/account/login/?next=%2Fp%2Foak-bowl%2F%3Ffrom%3Dmail")
    assert "Sign in to save Oak bowl." in page.text
    assert not WishListItem.objects.exists()

    page = guest.press("Sign in", login=buyer.email, password=PASSWORD)

    assert page.url == "/p/oak-bowl/?from=mail"
    assert "Saved to your wish list: Oak bowl." in page.text
    assert wishes(buyer) == ["Oak bowl"]


def test_htmx_is_led_to_the_sign_in_page(client, bowl):
    answer = client.post(HEARTS, {"product": "oak-bowl"}, **PARTIAL)

    assert answer.status_code == 204
    assert answer["HX-Redirect"] == "/account/login/?next=%2F"


def test_signing_in_adds_to_what_was_saved_and_only_once(client, buyer, bowl, shop):
    ash = make_product(shop, "Ash bowl")
    wish_list.add(user=buyer, product=bowl)
    for product in (bowl, ash):
        client.post(HEARTS, {"product": product.slug})

    client.force_login(buyer)
    assert sorted(wishes(buyer)) == ["Ash bowl", "Oak bowl"]
    wish_list.remove(user=buyer, product=ash)
    client.logout()
    client.force_login(buyer)

    assert wishes(buyer) == ["Oak bowl"]


def test_what_was_taken_down_meanwhile_is_not_saved(client, buyer, bowl):
    client.post(HEARTS, {"product": "oak-bowl"})
    Product.objects.update(state="archived")

    client.force_login(buyer)

    assert wishes(buyer) == []


def test_a_full_list_keeps_nobody_out(client, buyer, bowl, monkeypatch):
    client.post(HEARTS, {"product": "oak-bowl"})
    monkeypatch.setattr(wish_list, "MOST", 0)

    answer = client.post(
        "/account/login/", {"login": buyer.email, "password": PASSWORD}, follow=True
    )

    assert answer.wsgi_request.user == buyer
    assert b"A wish list holds at most" in answer.content


def test_only_the_last_wishes_of_a_visitor_wait(bowl, shop, monkeypatch):
    monkeypatch.setattr(wish_list, "MOST_WAITING", 2)
    ash, elm = make_product(shop, "Ash bowl"), make_product(shop, "Elm bowl")
    session = {}
    for product in (bowl, ash, elm, ash):
        wish_list.wait_for_sign_in(session, product)

    assert session == {"wishes": [elm.pk, ash.pk]}


# --- the page


def test_the_page_asks_who_it_is(client):
    answer = client.get(LIST)

    assert (answer.status_code, answer["Location"]) == (302, f"/account/login/?next={LIST}")
    assert client.post("/account/wish-list/to-cart/", {"product": "x"}).status_code == 302


def test_an_empty_list_leads_on(ana):
    page = ana.get(LIST)

    assert b"Nothing saved yet" in page.content
    assert page["Cache-Control"] == "private, no-store"


def test_the_page_shows_the_latest_first_and_what_is_sold_out_dimmed(ana, buyer, shop):
    for title, stock in (("Oak bowl", 5), ("Ash bowl", 0)):
        product = make_variant(shop, title, stock=stock).product
        wish_list.add(user=buyer, product=product)

    page = ana.get(LIST).content.decode()

    assert page.index("Ash bowl") < page.index("Oak bowl")
    assert page.count("card--dimmed") == 1
    assert page.count("Move to cart") == 1


def test_what_is_not_sold_at_the_moment_is_counted_not_shown(ana, buyer, bowl, rival):
    wish_list.add(user=buyer, product=bowl)
    wish_list.add(user=buyer, product=make_variant(rival, "Brass lamp").product)
    Shop.objects.filter(pk=rival.pk).update(state=Shop.State.SUSPENDED)

    page = ana.get(LIST).content.decode()

    assert "Oak bowl" in page
    assert "Brass lamp" not in page
    assert "1 product you saved is not sold at the moment" in page


def test_removing_can_be_undone(buyer, bowl):
    wish_list.add(user=buyer, product=bowl)
    ana = Visitor()
    ana.client.force_login(buyer)
    ana.open(LIST)

    page = ana.press("Save Oak bowl")

    assert wishes(buyer) == []
    assert "Oak bowl was removed." in page.text

    page = ana.press("Undo")

    assert wishes(buyer) == ["Oak bowl"]
    assert "was removed" not in page.text


@pytest.mark.parametrize("named", ["nothing", "\x00", "draft-bowl"])
def test_the_undo_of_a_made_up_removal_is_not_offered(ana, bowl, shop, named):
    make_variant(shop, "Draft bowl", state="draft")

    page = ana.get(LIST, {"removed": named})

    assert page.status_code == 200
    assert b"was removed" not in page.content


def test_moving_to_the_cart_takes_it_off_the_list(ana, buyer, bowl):
    wish_list.add(user=buyer, product=bowl)

    page = ana.post("/account/wish-list/to-cart/", {"product": "oak-bowl"}, follow=True)

    assert wishes(buyer) == []
    assert [line.variant.product for line in CartLine.objects.all()] == [bowl]
    assert b"Oak bowl is in your cart." in page.content


def test_what_is_sold_out_stays_on_the_list(ana, buyer, shop):
    bowl = make_variant(shop, "Oak bowl", stock=0).product
    wish_list.add(user=buyer, product=bowl)

    page = ana.post("/account/wish-list/to-cart/", {"product": "oak-bowl"}, follow=True)

    assert wishes(buyer) == ["Oak bowl"]
    assert not CartLine.objects.exists()
    assert page.context["messages"]


def test_of_several_variants_one_is_chosen_first(ana, buyer, shop):
    bowl = make_product(shop, "Oak bowl", option1_name="Size")
    for size in ("S", "L"):
        make_variant(shop, product=bowl, option1=size)
    wish_list.add(user=buyer, product=bowl)

    listed = ana.get(LIST).content.decode()
    answer = ana.post("/account/wish-list/to-cart/", {"product": "oak-bowl"})

    assert "Choose options" in listed
    assert "Move to cart" not in listed
    assert (answer.status_code, answer["Location"]) == (303, "/p/oak-bowl/")
    assert wishes(buyer) == ["Oak bowl"]


def test_pages_cost_somebody_signed_in_the_same_for_two_and_for_seven(ana, buyer, shop):
    def cost(address: str) -> int:
        ana.get(address)
        with CaptureQueriesContext(connection) as queries:
            assert ana.get(address).status_code == 200
        return len(queries)

    def save(number: int) -> None:
        product = make_variant(shop, f"Oak bowl {number}").product
        ProductImage.objects.create(product=product, state="waiting", fallback="x/640.jpg")
        wish_list.add(user=buyer, product=product)

    for number in range(2):
        save(number)
    pages = (LIST, "/", "/search/?ordering=price", f"/shops/{shop.slug}/", "/p/oak-bowl-0/")
    few = [cost(address) for address in pages]
    for number in range(2, 7):
        save(number)
    many = [cost(address) for address in pages]

    assert few == many
    assert max(many) <= 10


def test_what_every_page_shows_of_somebody_is_asked_at_once(rf, seller, shop):
    bowls = [make_variant(shop, f"Oak bowl {n}") for n in range(3)]
    fill_cart(seller, *bowls[:2], quantity=2)
    wish_list.add(user=seller, product=bowls[2].product)
    gone = make_variant(shop, "Gone", stock=0)
    waiting_lines.ask(user=seller, variant=gone)
    request = rf.get("/")
    request.user = seller

    with CaptureQueriesContext(connection) as queries:
        found = carried(request)

    wished, awaited, shops = {bowls[2].product_id}, {gone.pk}, {shop.pk}
    assert found == Carried(4, frozenset(wished), frozenset(awaited), frozenset(shops))
    assert len(queries) == 1


def test_what_is_counted_beside_costs_nothing_more(rf, buyer, shop, django_assert_num_queries):
    fill_cart(buyer, make_variant(shop, "Oak bowl"), quantity=2)
    request = rf.get("/")
    request.user = buyer
    news = Variant.objects.order_by().values_list(Value("news"), "price_minor")

    with django_assert_num_queries(1):
        found = carried(request, [news])

    assert (found.units, found.counts["news"]) == (2, Variant.objects.get().price_minor)
    assert found.counts["anything else"] == 0


def test_a_visitor_with_nothing_costs_nothing(rf, django_assert_num_queries):
    request = rf.get("/")
    request.user = AnonymousUser()

    with django_assert_num_queries(0):
        assert carried(request) == carried(rf.get("/")) == Carried()


def test_who_leaves_is_forgotten(buyer, stranger, bowl, shop):
    for person in (buyer, stranger):
        wish_list.add(user=person, product=bowl)
        fill_cart(person, bowl.variants.get())
    event = AccountDeleted(user_id=buyer.pk)

    for _heard_twice in range(2):
        forget_what_they_meant_to_buy(event)

    assert (wishes(buyer), wishes(stranger)) == ([], ["Oak bowl"])
    assert [cart.buyer for cart in Cart.objects.all()] == [stranger]


@pytest.mark.django_db(transaction=True)
def test_deleting_an_account_says_so(buyer, bowl):
    wish_list.add(user=buyer, product=bowl)

    privacy.delete_account(user=buyer)

    assert wishes(buyer) == []


# --- the API


def test_a_program_saves_reads_and_removes(buyer, bowl):
    api = api_for(buyer)

    first = api.put("/api/v1/wishlist/oak-bowl/")
    again = api.put("/api/v1/wishlist/oak-bowl/")
    listed = api.get("/api/v1/wishlist/").json()

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert listed["count"] == 1
    assert listed["results"] == [first.json()]
    assert first.json()["product"]["slug"] == "oak-bowl"

    assert api.delete("/api/v1/wishlist/oak-bowl/").status_code == 204
    assert api.delete("/api/v1/wishlist/oak-bowl/").status_code == 204
    assert api.get("/api/v1/wishlist/").json()["results"] == []


@pytest.mark.parametrize("named", ["no-such-bowl", "draft-bowl"])
@pytest.mark.parametrize("method", ["put", "delete"])
def test_to_a_program_what_cannot_be_seen_does_not_exist(buyer, shop, named, method):
    make_variant(shop, "Draft bowl", state="draft")

    answer = getattr(api_for(buyer), method)(f"/api/v1/wishlist/{named}/")

    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"
    assert not WishListItem.objects.exists()


def test_a_program_signs_in_first(client, bowl):
    for answer in (
        client.get("/api/v1/wishlist/"),
        client.put("/api/v1/wishlist/oak-bowl/"),
        client.delete("/api/v1/wishlist/oak-bowl/"),
    ):
        assert answer.status_code == 401
    assert not WishListItem.objects.exists()


def test_a_program_that_sends_something_along_is_told(buyer, bowl):
    answer = api_for(buyer).put("/api/v1/wishlist/oak-bowl/", {"note": "for Sam"})

    assert answer.status_code == 400
    assert answer.json()["fields"] == {"note": ["Unknown field."]}
    assert not WishListItem.objects.exists()


def test_a_full_list_is_a_conflict(buyer, bowl, monkeypatch):
    monkeypatch.setattr(wish_list, "MOST", 0)

    answer = api_for(buyer).put("/api/v1/wishlist/oak-bowl/")

    assert (answer.status_code, answer.json()["code"]) == (409, "wish_list_full")
    assert not WishListItem.objects.exists()


def test_the_list_of_a_program_costs_the_same_for_one_and_for_five(buyer, shop):
    api = api_for(buyer)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert api.get("/api/v1/wishlist/").status_code == 200
        return len(queries)

    wish_list.add(user=buyer, product=make_variant(shop, "Oak bowl 0").product)
    one = cost()
    for number in range(1, 6):
        wish_list.add(user=buyer, product=make_variant(shop, f"Oak bowl {number}").product)

    assert cost() == one


def test_a_cart_is_locked_before_the_list(buyer, bowl):
    wish_list.add(user=buyer, product=bowl)
    make_user("sam")
    client = Client()
    client.force_login(buyer)
    request = client.get(reverse("carts:cart")).wsgi_request

    with CaptureQueriesContext(connection) as queries:
        wish_list.move_to_cart(user=buyer, product=bowl, cart=baskets.find_or_open(request))

    statements = [query["sql"] for query in queries]
    locked = next(n for n, sql in enumerate(statements) if "carts_cartline" in sql)
    removed = next(n for n, sql in enumerate(statements) if 'DELETE FROM "carts_wish' in sql)
    assert locked < removed
