from __future__ import annotations

import json
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog.models import Product
from catalog.tests.factories import make_variant
from marketflow.core.tests.pages import Visitor
from orders.models import OrderLine, Review
from orders.services import fulfilment, reviews
from orders.tests.factories import make_completed, make_order
from orders.tests.reviewing import make_review

pytestmark = pytest.mark.django_db


@pytest.fixture
def bowl(shop):
    return make_variant(shop, "Oak bowl", stock=90)


@pytest.fixture
def line(buyer, bowl) -> OrderLine:
    return OrderLine.objects.bought_by(buyer).get(seller_order=make_completed(buyer, bowl))


@pytest.fixture
def ana(buyer) -> Visitor:
    client = Client()
    client.force_login(buyer)
    return Visitor(client)


def address(line: OrderLine) -> str:
    return f"/orders/{line.seller_order.order.number}/lines/{line.uuid}/review/"


def test_ana_reviews_changes_and_takes_it_back(ana, line):
    ana.open(line.seller_order.order.get_absolute_url())
    ana.follow("Write a review")
    page = ana.press("Post the review", rating="4", title="Good", body="It holds.")
    assert "Thank you for your review." in page.text

    ana.follow("Change your review")
    ana.press("Save the review", rating="2", title="Well", body="It leaks.")
    review = Review.objects.get()
    assert (review.rating, review.title, review.body) == (2, "Well", "It leaks.")

    ana.open(address(line))
    ana.follow("Take it back")
    ana.press("Take it back")
    assert not Review.objects.shown().exists()
    assert Product.objects.get().rating_count == 0


def test_what_was_typed_stays_when_stars_are_missing(ana, line):
    ana.open(address(line))
    page = ana.press("Post the review", title="Good", body="It holds <b>well</b>.")

    assert page.status == 422
    assert page.title.startswith("Error:")
    assert "Choose how many stars it gets" in page.text
    assert "It holds <b>well</b>." in page.text
    assert not Review.objects.exists()


def test_nothing_is_offered_before_it_arrives_or_to_guests(ana, buyer, bowl):
    order = make_order(buyer, bowl, paid=True)
    fulfilment.ship(seller_order=order.seller_orders.get())
    page = ana.open(order.get_absolute_url())
    assert "Write a review" not in page.text

    line = OrderLine.objects.bought_by(buyer).get(seller_order__order=order)
    assert ana.client.post(address(line), {"rating": "5"}).status_code == 303
    assert not Review.objects.exists()


def test_nobody_else_writes_it(line, stranger, client):
    client.force_login(stranger)

    assert client.get(address(line)).status_code == 404
    assert client.post(address(line), {"rating": "1"}).status_code == 404
    assert not Review.objects.exists()


def test_a_product_page_shows_what_people_say(client, buyer, stranger, seller, bowl):
    make_review(stranger, bowl, rating=2, title="<b>Leaks</b>", body="It leaks.")
    review = make_review(buyer, bowl, rating=5, title="Lovely", body="It holds.")
    reviews.reply(review=review, body="Thank you, Ana.", actor=seller)

    text = client.get("/p/oak-bowl/").content.decode()

    assert "Lovely" in text and "Thank you, Ana." in text and "Verified purchase" in text
    assert "&lt;b&gt;Leaks&lt;/b&gt;" in text
    [about] = [
        thing
        for thing in map(json.loads, re.findall(r'ld\+json">(.*?)</script>', text))
        if thing["@type"] == "Product"
    ]
    assert about["aggregateRating"] == {
        "@type": "AggregateRating",
        "ratingValue": "3.5",
        "reviewCount": 2,
    }


def test_reviews_are_chosen_by_their_stars_and_paged(client, buyer, bowl):
    for number in range(11):
        make_review(buyer, bowl, rating=5, body=f"Fine {number}.")
    make_review(buyer, bowl, rating=1, body="It broke.")

    def body(query: str) -> str:
        return client.get(f"/p/oak-bowl/?{query}").content.decode()

    assert "Fine 10." in body("") and "Fine 1." not in body("")
    assert "Fine 1." in body("page=2")
    assert "It broke." in body("rating=1") and "Fine 10." not in body("rating=1")
    assert "It broke." in body("ordering=rating")
    assert "None with these stars." in body("rating=3")
    assert client.get("/p/oak-bowl/?rating=9&ordering=x&page=y").status_code == 200


def test_what_is_hidden_is_nowhere(client, buyer, bowl, ana):
    review = make_review(buyer, bowl, rating=1, body="Rude words.")
    reviews.hide(review=review, reason="Rude.")

    for page in ("/p/oak-bowl/", "/shops/fern-co/?tab=reviews"):
        assert b"Rude words." not in client.get(page).content
    assert "Hidden by the marketplace: Rude." in ana.open("/account/reviews/").text


def test_a_shop_shows_its_rating_and_its_reviews(client, buyer, shop, bowl):
    make_review(buyer, bowl, rating=5, body="It holds.")
    make_review(buyer, make_variant(shop, "Lamp", stock=5), rating=4, body="It shines.")

    assert b"4.5" in client.get("/shops/fern-co/").content
    tab = client.get("/shops/fern-co/?tab=reviews").content.decode()
    assert "It shines." in tab and "It holds." in tab and "/p/oak-bowl/" in tab


def test_the_account_lists_what_is_to_be_written_and_what_was(ana, line, buyer, bowl):
    make_review(buyer, bowl, rating=5, body="It holds.")

    page = ana.open("/account/reviews/")

    assert "To write" in page.text and "It holds." in page.text
    ana.follow("Write a review")
    assert "Post the review" in [button.label for button in ana.page.buttons]


def test_sam_reports_it(client, buyer, stranger, bowl):
    review = make_review(buyer, bowl, rating=1, body="Rude.")
    page = f"/reviews/{review.uuid}/report/"
    assert client.get(page).status_code == 302
    client.force_login(stranger)

    assert client.post(page, {"reason": ""}).status_code == 422
    assert client.post(page, {"reason": "Rude."}).status_code == 303
    assert review.reports.get().reason == "Rude."


@pytest.mark.parametrize("page", ["/p/oak-bowl/", "/shops/fern-co/?tab=reviews", "/"])
def test_a_page_costs_the_same_for_one_review_and_for_five(client, buyer, bowl, page):
    def cost() -> int:
        client.get(page)
        with CaptureQueriesContext(connection) as seen:
            assert client.get(page).status_code == 200
        return len(seen)

    make_review(buyer, bowl)
    one = cost()
    for _ in range(4):
        make_review(buyer, bowl)

    assert cost() == one <= 10
