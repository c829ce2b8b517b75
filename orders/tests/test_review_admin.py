from __future__ import annotations

import pytest

from accounts.models import ShopMember
from accounts.tests.factories import make_user
from catalog.models import Product
from catalog.tests.factories import make_variant
from marketflow.core.models import AuditEntry
from marketflow.core.tests.admin_pages import submit
from orders.models import Review
from orders.services import reviews
from orders.tests.reviewing import make_review

pytestmark = pytest.mark.django_db

STAFF = "/admin/orders/review/"


@pytest.fixture
def review(buyer, shop) -> Review:
    return make_review(buyer, make_variant(shop, stock=9), rating=2, body="It leaks.")


@pytest.fixture
def page(review) -> str:
    return f"/seller/orders/review/{review.pk}/change/"


@pytest.fixture
def boss(client, db):
    client.force_login(make_user("boss", is_staff=True, is_superuser=True))
    return client


def judge(client, what: str, review: Review, **more: str):
    body = {"action": what, "_selected_action": [review.pk], **more}
    return client.post(STAFF, body, follow=True)


def test_a_shop_replies_once(client, seller, review, page):
    client.force_login(seller)

    submit(client, page, "review_form", reply=["We send another."])

    review.refresh_from_db()
    assert (review.reply, review.replied_by) == ("We send another.", seller)
    assert b'name="reply"' not in client.get(page).content
    client.post(page, {"reply": "Or not."})
    review.refresh_from_db()
    assert review.reply == "We send another."


def test_a_shop_changes_nothing_else_of_it(client, seller, review, page):
    client.force_login(seller)

    client.post(page, {"reply": "Thanks.", "rating": "5", "body": "Great."})

    review.refresh_from_db()
    assert (review.rating, review.body, review.reply) == (2, "It leaks.", "Thanks.")
    assert client.post(page.replace("change", "delete"), {"post": "yes"}).status_code == 403


def test_a_reply_says_something(client, seller, review, page):
    client.force_login(seller)

    assert b"Write a reply." in client.post(page, {"reply": " \u200b"}).content
    review.refresh_from_db()
    assert review.replied_at is None


def test_fulfilment_reads_no_reviews(client, shop, page):
    packer = make_user("packer")
    ShopMember.objects.create(shop=shop, user=packer, role="fulfilment")
    client.force_login(packer)

    assert client.get("/seller/orders/review/").status_code == 403
    assert client.post(page, {"reply": "Hello"}).status_code in (403, 404)
    assert not Review.objects.exclude(reply="").exists()


def test_staff_hide_with_a_reason_that_is_written_down(boss, review, stranger):
    reviews.report(review=review, reporter=stranger, reason="Rude.")
    assert b"Rude." in boss.get(f"{STAFF}{review.pk}/change/").content

    judge(boss, "hide", review)
    assert Review.objects.shown().exists()  # It asks for the reason first.
    judge(boss, "hide", review, confirmed="1", reason="Personal.")

    review.refresh_from_db()
    assert (review.is_shown, review.hidden_reason) == (False, "Personal.")
    assert Product.objects.get().rating_count == 0
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.reason) == ("orders.review.hide", "Personal.")
    judge(boss, "show_again", review, confirmed="1", reason="A mistake.")
    assert Product.objects.get().rating_count == 1


def test_staff_leave_it_standing(boss, review, stranger):
    reviews.report(review=review, reporter=stranger, reason="Rude.")

    judge(boss, "leave_standing", review, confirmed="1", reason="It is not.")

    assert Review.objects.shown().exists()
    assert not Review.objects.reported().exists()
    assert AuditEntry.objects.get().action == "orders.review.leave_standing"


def test_who_may_only_look_judges_nothing(client, review):
    from django.contrib.auth.models import Permission

    viewer = make_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_review"))
    client.force_login(viewer)

    judge(client, "hide", review, confirmed="1", reason="No.")

    assert Review.objects.shown().exists()
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("site", ["admin", "seller"])
def test_the_list_costs_the_same_for_one_and_for_five(
    site, client, buyer, seller, review, django_assert_max_num_queries
):
    who = seller if site == "seller" else make_user("boss", is_staff=True, is_superuser=True)
    client.force_login(who)
    for _ in range(4):
        make_review(buyer, review.line.variant)

    with django_assert_max_num_queries(14):
        assert client.get(f"/{site}/orders/review/").status_code == 200
