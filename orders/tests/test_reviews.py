from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db.models import F
from django.utils.timezone import now

from accounts.models import ShopMember
from accounts.services import privacy
from catalog.models import Product
from catalog.tests.factories import make_variant
from marketflow.core.models import OutboxEvent
from orders.models import OrderLine, Review
from orders.services import fulfilment, reviews
from orders.tests.factories import make_completed, make_order
from orders.tests.reviewing import make_review

pytestmark = pytest.mark.django_db


@pytest.fixture
def bowl(shop):
    return make_variant(shop, "Oak bowl", stock=50)


@pytest.fixture
def line(buyer, bowl) -> OrderLine:
    return OrderLine.objects.bought_by(buyer).get(seller_order=make_completed(buyer, bowl))


def rating_of(variant) -> tuple[Decimal, int]:
    return Product.objects.values_list("rating_average", "rating_count").get(pk=variant.product_id)


def said(name: str) -> list[dict]:
    return [row.payload for row in OutboxEvent.objects.filter(name=f"orders.{name}")]


def test_a_review_counts_and_is_told(line, buyer, bowl, shop):
    review = reviews.post(line=line, author=buyer, rating=4, title="Good", body="It holds.")

    assert rating_of(bowl) == (Decimal("4.00"), 1)
    assert said("ReviewPosted") == [
        {
            "review_id": review.pk,
            "product_id": bowl.product_id,
            "shop_id": shop.pk,
            "order_line_id": line.pk,
            "author_id": buyer.pk,
            "rating": 4,
        }
    ]


def test_the_average_is_of_all_that_are_shown(buyer, stranger, bowl):
    make_review(buyer, bowl, rating=5)
    make_review(stranger, bowl, rating=4)
    worst = make_review(buyer, bowl, rating=1)

    assert rating_of(bowl) == (Decimal("3.33"), 3)
    reviews.hide(review=worst, reason="About the weather.")
    assert rating_of(bowl) == (Decimal("4.50"), 2)
    reviews.show(review=worst)
    assert rating_of(bowl) == (Decimal("3.33"), 3)
    reviews.withdraw(review=worst)
    assert rating_of(bowl) == (Decimal("4.50"), 2)


def test_a_line_is_reviewed_once(line, buyer, bowl):
    reviews.post(line=line, author=buyer, rating=4)

    with pytest.raises(reviews.AlreadyReviewed):
        reviews.post(line=line, author=buyer, rating=1)

    assert rating_of(bowl) == (Decimal("4.00"), 1)
    assert len(said("ReviewPosted")) == 1


def test_what_was_withdrawn_is_not_written_anew(line, buyer, bowl):
    review = reviews.post(line=line, author=buyer, rating=4, title="Good", body="It holds.")
    reviews.withdraw(review=review)

    with pytest.raises(reviews.AlreadyReviewed):
        reviews.post(line=line, author=buyer, rating=1)

    assert (review.title, review.body) == ("", "")
    assert rating_of(bowl) == (Decimal("0.00"), 0)


@pytest.mark.parametrize("step", ["paid", "shipped"])
def test_what_has_not_arrived_is_not_reviewed(buyer, bowl, step):
    part = make_order(buyer, bowl, paid=True).seller_orders.get()
    if step == "shipped":
        fulfilment.ship(seller_order=part)
    line = OrderLine.objects.bought_by(buyer).get()

    with pytest.raises(reviews.NotDelivered):
        reviews.post(line=line, author=buyer, rating=5)

    assert not Review.objects.exists()
    assert rating_of(bowl) == (Decimal("0.00"), 0)


def test_a_line_of_which_nothing_was_sent_is_not_reviewed(line, buyer, bowl):
    OrderLine.objects.filter(pk=line.pk).update(shipped=0, released=F("quantity"))
    line.refresh_from_db()

    with pytest.raises(reviews.NotDelivered):
        reviews.post(line=line, author=buyer, rating=5)

    assert not Review.objects.exists()


def test_nobody_reviews_what_their_own_shop_sells(line, buyer, shop):
    ShopMember.objects.create(shop=shop, user=buyer)

    with pytest.raises(reviews.OwnShop):
        reviews.post(line=line, author=buyer, rating=5)

    assert not Review.objects.exists()


def test_its_author_changes_it_for_sixty_days(line, buyer, bowl):
    review = reviews.post(line=line, author=buyer, rating=4, body="It holds.")

    reviews.edit(review=review, rating=2, title="Well", body="It leaks.")

    review.refresh_from_db()
    assert (review.rating, review.body, bool(review.edited_at)) == (2, "It leaks.", True)
    assert rating_of(bowl) == (Decimal("2.00"), 1)


def test_after_sixty_days_it_stands(line, buyer, bowl):
    review = reviews.post(line=line, author=buyer, rating=4, body="It holds.")
    Review.objects.update(created_at=now() - timedelta(days=61))

    with pytest.raises(reviews.NotEditable):
        reviews.edit(review=review, rating=1, title="", body="")

    assert rating_of(bowl) == (Decimal("4.00"), 1)
    assert Review.objects.get().body == "It holds."


def test_what_staff_hid_is_not_changed_by_its_author(line, buyer):
    review = reviews.post(line=line, author=buyer, rating=4, body="Rude.")
    reviews.hide(review=review, reason="Rude.")

    for change in (
        lambda: reviews.edit(review=review, rating=5, title="", body=""),
        lambda: reviews.withdraw(review=review),
    ):
        with pytest.raises(reviews.NotEditable):
            change()

    assert Review.objects.get().body == "Rude."


def test_the_shop_replies_once(line, buyer, seller):
    review = reviews.post(line=line, author=buyer, rating=2, body="It leaks.")

    reviews.reply(review=review, body="We send another.", actor=seller)
    with pytest.raises(reviews.AlreadyAnswered):
        reviews.reply(review=review, body="Or not.", actor=seller)

    review.refresh_from_db()
    assert (review.reply, review.replied_by) == ("We send another.", seller)
    assert [event["author_id"] for event in said("ReviewAnswered")] == [buyer.pk]


def test_who_objects_twice_is_heard_once(line, buyer, stranger):
    review = reviews.post(line=line, author=buyer, rating=2, body="Rude.")

    reviews.report(review=review, reporter=stranger, reason="Rude.")
    reviews.report(review=review, reporter=stranger, reason="Very rude.")

    assert [row.reason for row in review.reports.all()] == ["Rude."]
    assert list(Review.objects.reported()) == [review]
    reviews.hide(review=review, reason="Rude.")
    assert not Review.objects.reported().exists()


def test_what_can_not_be_seen_is_not_kept(line, buyer):
    review = reviews.post(
        line=line,
        author=buyer,
        rating=5,
        title="Good\u202e\nbowl\u200b",
        body="One\r\n\r\n\r\n\r\n\x07two <b>three</b>\u2066",
    )

    assert review.title == "Good bowl"
    assert review.body == "One\n\ntwo <b>three</b>"


@pytest.mark.parametrize(
    ("name", "shown"), [("Ana Maria Byrne", "Ana B."), ("Ana", "Ana"), ("", "A former customer")]
)
def test_a_whole_name_is_nobodys_business(line, buyer, name, shown):
    buyer.name = name

    assert Review(author=buyer).author_name == shown


def test_who_leaves_leaves_their_reviews_without_their_name(line, buyer, bowl):
    review = reviews.post(line=line, author=buyer, rating=5, body="It holds.")

    privacy.delete_account(user=buyer)

    shown = Review.objects.shown().get(pk=review.pk)
    assert (shown.author_name, shown.body) == ("A former customer", "It holds.")


def test_each_sees_what_is_theirs(line, buyer, stranger, seller, rival):
    from django.contrib.auth.models import AnonymousUser

    from accounts.tests.factories import make_user

    review = reviews.post(line=line, author=buyer, rating=2, body="Rude.")
    everybody = [buyer, stranger, seller, AnonymousUser()]
    assert all(review in Review.objects.visible_to(one) for one in everybody)
    assert review in Review.objects.managed_by(seller)
    assert review not in Review.objects.managed_by(make_user("rita"))

    reviews.hide(review=review, reason="Rude.")

    sees = [review in Review.objects.visible_to(one) for one in everybody]
    assert sees == [True, False, False, False]
    assert review in Review.objects.visible_to(make_user("vera", is_staff=True))
    assert review not in Review.objects.managed_by(seller)


def test_fulfilment_sends_and_support_replies(line, buyer, shop):
    from accounts.tests.factories import make_user

    review = reviews.post(line=line, author=buyer, rating=2)
    for role, may in [("support", True), ("fulfilment", False)]:
        member = make_user(role)
        ShopMember.objects.create(shop=shop, user=member, role=role)
        assert (review in Review.objects.managed_by(member)) is may


def test_time_travellers_review_in_their_time(buyer, bowl):
    with time_machine.travel("2026-03-03T12:00Z"):
        review = make_review(buyer, bowl, rating=5)

    assert f"{review.created_at:%Y-%m-%d}" == "2026-03-03"
