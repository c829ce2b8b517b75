"""No dead links: whoever walks through the market gets everywhere it leads."""

from __future__ import annotations

import pytest
from django.http import HttpResponse, HttpResponseNotFound

from accounts.tests.factories import make_address
from carts.services import wish_list
from carts.tests.factories import fill_cart, make_shipping
from catalog.models import ProductAttribute, ProductImage
from catalog.tests.factories import make_category, make_product, make_variant
from marketflow.tests.crawler import Crawl
from orders.tests.factories import make_order

EVERYBODY = {"/", "/cart/", "/search/", "/help/contact/", "/help/privacy/", "/sell/", "/c/home/"}
EVERYBODY |= {"/p/brass-lamp/", "/shops/rival-goods/", "/manifest.webmanifest", "/feeds/new.atom"}
SIGNED_IN = {"/account/wish-list/", "/account/orders/", "/account/security/"}


@pytest.fixture
def market(buyer, shop, seller, rival, monkeypatch):
    """Of everything that has a page a little, and enough bowls for a second page of them."""
    monkeypatch.setattr("marketflow.storefront.listing.PAGE_SIZE", 3)
    bowls, lamps = make_category("Home", "Bowls"), make_category("Home", "Lamps")
    for number in range(4):
        bowl = make_variant(shop, f"Oak bowl {number}", category=bowls, stock=number).product
    ProductAttribute.objects.create(product=bowl, name="Wood", value="Oak")
    ProductImage.objects.create(product=bowl, state="waiting", fallback="x/640.jpg")
    ProductImage.objects.create(product=bowl, state="waiting", fallback="y/640.jpg")
    lamp = make_product(rival, "Brass lamp", category=lamps, option1_name="Size")
    sizes = [make_variant(rival, product=lamp, option1=size) for size in ("S", "L")]
    for one in (shop, rival):
        make_shipping(one)
    make_order(buyer, *sizes, paid=True)
    make_order(buyer, sizes[0])
    make_address(buyer)
    for person in (buyer, seller):
        fill_cart(person, sizes[0])
        wish_list.add(user=person, product=lamp)


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["nobody", "buyer", "seller"])
def test_every_link_leads_somewhere(who, market, client, request):
    if who != "nobody":
        client.force_login(request.getfixturevalue(who))

    crawl = Crawl(client.get)

    assert not crawl.faults, "\n".join(crawl.faults)
    paths = {address.partition("?")[0] for address in crawl.visited.values()}
    assert paths >= (EVERYBODY if who == "nobody" else EVERYBODY | SIGNED_IN)
    assert any(path.startswith("/orders/MF-") for path in paths) == (who == "buyer")


# --- the crawler itself


def walk(**pages: str) -> Crawl:
    """Through a site of these pages; `home` is the first."""

    def get(address: str) -> HttpResponse:
        path = address.partition("?")[0].strip("/") or "home"
        return HttpResponse(pages[path]) if path in pages else HttpResponseNotFound()

    return Crawl(get)


def test_a_dead_link_is_found_with_the_page_it_stands_on():
    crawl = walk(home='<a href="/shop/">Shop</a>', shop='<a href="../gone/">Gone</a>')

    assert crawl.faults == ["/gone/ is a 404, linked from /shop/"]


@pytest.mark.parametrize(
    ("link", "faults"),
    [
        ("#here", []),
        ("/there/#place", []),
        ("#", []),
        ("#nowhere", ["/ has no #nowhere, linked from /"]),
        ("/there/#nowhere", ["/there/ has no #nowhere, linked from /"]),
    ],
)
def test_a_fragment_needs_a_place(link, faults):
    crawl = walk(home=f'<p id="here"><a href="{link}">Go</a>', there='<p id="place">')

    assert crawl.faults == faults


def test_what_leads_away_is_left_alone():
    crawl = walk(
        home='<a href="https://elsewhere.test/"><a href="mailto:a@b.test"><a href="/media/x">'
    )

    assert crawl.faults == []
    assert list(crawl.visited.values()) == ["/"]


def test_a_page_is_visited_once_whatever_its_parameters_say():
    crawl = walk(home='<a href="/?page=2">2</a><a href="/?page=3">3</a><a href="/">1</a>')

    assert list(crawl.visited.values()) == ["/", "/?page=2"]


def test_a_redirect_is_followed():
    def get(address: str) -> HttpResponse:
        moved = HttpResponse(status=303, headers={"Location": "/gone/"})
        return moved if address == "/" else HttpResponseNotFound()

    assert Crawl(get).faults == ["/gone/ is a 404, linked from /"]
