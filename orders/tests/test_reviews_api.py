from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from accounts.tests.factories import make_user
from catalog.tests.factories import make_variant
from marketflow.core.api.exceptions import NOT_FOUND
from marketflow.core.tests.clients import api_for
from orders.models import OrderLine, Review
from orders.services import reviews
from orders.tests.factories import make_completed, make_order
from orders.tests.reviewing import make_review

pytestmark = pytest.mark.django_db

WORDS = {"rating": 4, "title": "Good", "body": "It holds."}


@pytest.fixture
def bowl(shop):
    return make_variant(shop, "Oak bowl", stock=90)


@pytest.fixture
def line(buyer, bowl) -> OrderLine:
    return OrderLine.objects.bought_by(buyer).get(seller_order=make_completed(buyer, bowl))


@pytest.fixture
def review(line, buyer) -> Review:
    return reviews.post(line=line, author=buyer, **WORDS)


@pytest.fixture
def fern(seller):
    return api_for(seller)


def refused(answer, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content


def test_a_buyer_reviews_what_arrived(api, line):
    answer = api.post("/api/v1/reviews/", {"order_line": str(line.uuid), **WORDS})

    assert answer.status_code == 201
    told = answer.json()
    assert {name: told[name] for name in WORDS} == WORDS
    assert (told["product"], told["author"], told["reply"]) == ("oak-bowl", {"name": "Ana"}, None)
    assert told["order_line"] == str(line.uuid)


def test_twice_with_one_key_is_once(api, line):
    body = {"order_line": str(line.uuid), **WORDS}

    first = api.post("/api/v1/reviews/", body, headers={"Idempotency-Key": "k"})
    again = api.post("/api/v1/reviews/", body, headers={"Idempotency-Key": "k"})
    other = api.post("/api/v1/reviews/", body)

    assert again.json() == first.json()
    assert again["Idempotent-Replayed"] == "true"
    refused(other, 409, "already_reviewed")
    assert Review.objects.count() == 1


def test_what_is_on_its_way_is_not_reviewed(api, buyer, bowl):
    order = make_order(buyer, bowl, paid=True)
    line = OrderLine.objects.get(seller_order__order=order)

    answer = api.post("/api/v1/reviews/", {"order_line": str(line.uuid), **WORDS})

    refused(answer, 409, "not_delivered")
    assert not Review.objects.exists()


def test_somebody_elses_line_is_an_unknown_one(stranger, line):
    sam = api_for(stranger)

    for uuid in (str(line.uuid), "7f2a1a0e-6a5d-4a7b-9a43-1f2b3c4d5e6f"):
        answer = sam.post("/api/v1/reviews/", {"order_line": uuid, **WORDS})
        assert (answer.status_code, answer.json()) == (404, NOT_FOUND)
    assert not Review.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"rating": 0}, "rating"),
        ({"rating": 6}, "rating"),
        ({"rating": "5"}, "rating"),
        ({"rating": 4.5}, "rating"),
        ({"rating": None}, "rating"),
        ({"title": "x" * 121}, "title"),
        ({"body": "x" * 5001}, "body"),
        ({"order_line": "1"}, "order_line"),
        ({"verified": True}, "verified"),
    ],
)
def test_what_makes_no_review_is_named(api, line, wrong, field):
    answer = api.post("/api/v1/reviews/", {"order_line": str(line.uuid), **WORDS} | wrong)

    refused(answer, 400, "invalid")
    assert list(answer.json()["fields"]) == [field]
    assert not Review.objects.exists()


def test_who_is_not_signed_in_reads_and_does_not_write(review, line):
    nobody = APIClient()

    assert nobody.get(f"/api/v1/reviews/{review.uuid}/").json()["body"] == "It holds."
    assert nobody.get("/api/v1/reviews/").status_code == 401
    assert nobody.post("/api/v1/reviews/", {}).status_code == 401


def test_reviews_of_a_product_come_with_their_histogram(buyer, stranger, bowl, client):
    for author, rating in [(buyer, 5), (stranger, 2), (buyer, 5)]:
        make_review(author, bowl, rating=rating)

    page = client.get("/api/v1/products/oak-bowl/reviews/").json()

    assert [row["rating"] for row in page["results"]] == [5, 2, 5]
    assert page["rating"] == {"average": 4.0, "count": 3}
    assert page["histogram"] == {"5": 2, "4": 0, "3": 0, "2": 1, "1": 0}


def test_they_are_filtered_sorted_and_paged(buyer, bowl, client):
    for rating in (3, 5, 1, 5):
        make_review(buyer, bowl, rating=rating)

    def found(query: str) -> list[int]:
        answer = client.get(f"/api/v1/products/oak-bowl/reviews/?{query}")
        return [row["rating"] for row in answer.json()["results"]]

    assert found("rating=5&rating=3") == [5, 5, 3]
    assert found("ordering=rating") == [1, 3, 5, 5]
    assert found("ordering=-rating&page_size=2&page=2") == [3, 1]
    for wrong in ("rating=6", "rating=x", "ordering=size"):
        refused(client.get(f"/api/v1/products/oak-bowl/reviews/?{wrong}"), 400, "invalid")


def test_a_list_costs_the_same_for_one_and_for_five(
    buyer, seller, bowl, client, django_assert_num_queries
):
    reviews.reply(review=make_review(buyer, bowl), body="Thank you.", actor=seller)
    with django_assert_num_queries(4):
        client.get("/api/v1/products/oak-bowl/reviews/")

    for _ in range(4):
        make_review(buyer, bowl)

    with django_assert_num_queries(4):
        assert client.get("/api/v1/products/oak-bowl/reviews/").json()["count"] == 5


def test_reviews_of_what_is_not_on_sale_are_not_there(review, bowl, client):
    bowl.product.state = "draft"
    bowl.product.save()

    answer = client.get("/api/v1/products/oak-bowl/reviews/")

    assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


def test_the_lists_of_products_know_ratings(buyer, stranger, shop, bowl, client):
    make_variant(shop, "Vase")
    make_review(buyer, bowl, rating=5)
    make_review(stranger, make_variant(shop, "Lamp", stock=9), rating=2)

    def found(query: str) -> list[str]:
        rows = client.get(f"/api/v1/products/?{query}").json()["results"]
        return [row["slug"] for row in rows]

    assert found("min_rating=4") == ["oak-bowl"]
    assert found("ordering=rating")[0] == "oak-bowl"
    assert found("ordering=rating")[-1] == "lamp"


def test_its_author_changes_it_and_takes_it_back(api, review, client):
    address = f"/api/v1/reviews/{review.uuid}/"

    changed = api.patch(address, {"rating": 2})
    gone = api.delete(address)

    assert (changed.json()["rating"], changed.json()["body"]) == (2, "It holds.")
    assert gone.status_code == 204
    assert client.get(address).status_code == 404
    assert api.get("/api/v1/reviews/").json()["count"] == 0


def test_nobody_else_does(review, stranger, fern):
    for other in (api_for(stranger), fern):
        for method in ("patch", "delete"):
            answer = getattr(other, method)(f"/api/v1/reviews/{review.uuid}/", {"rating": 1})
            assert (answer.status_code, answer.json()) == (404, NOT_FOUND)
    review.refresh_from_db()
    assert (review.rating, review.withdrawn_at) == (4, None)


def test_the_shop_replies_once_and_no_other_does(review, fern, rival, api):
    address = f"/api/v1/reviews/{review.uuid}/reply/"

    for other in (api, api_for(make_user("rita"))):
        answer = other.post(address, {"body": "Ha."})
        assert (answer.status_code, answer.json()) == (404, NOT_FOUND)
    first = fern.post(address, {"body": "Thank you."})
    again = fern.post(address, {"body": "Thank you again."})

    assert first.status_code == 201
    assert (first.json()["reply"]["shop"], first.json()["reply"]["body"]) == (
        "fern-co",
        "Thank you.",
    )
    refused(again, 409, "already_answered")


@pytest.mark.parametrize("body", ["", " ", "\u200b\u202e", "x" * 2001])
def test_a_reply_says_something(review, fern, body):
    refused(fern.post(f"/api/v1/reviews/{review.uuid}/reply/", {"body": body}), 400, "invalid")
    review.refresh_from_db()
    assert review.replied_at is None


def test_somebody_objects(review, stranger):
    sam, address = api_for(stranger), f"/api/v1/reviews/{review.uuid}/reports/"

    for reason in ("Rude.", "Very rude."):
        assert sam.post(address, {"reason": reason}).json() == {"reason": "Rude."}
    assert review.reports.count() == 1
    reviews.hide(review=review, reason="Rude.")
    assert sam.get(f"/api/v1/reviews/{review.uuid}/").status_code == 404


def test_its_author_reads_why_it_is_hidden(review, api):
    reviews.hide(review=review, reason="About the weather.")

    [mine] = api.get("/api/v1/reviews/").json()["results"]

    assert mine["hidden_reason"] == "About the weather."
