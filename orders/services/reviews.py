"""Reviews: written once for a delivered line, answered once by the shop, hidden by staff.

Whatever changes which reviews count is done under the product's lock, and hands the new average
down to the catalogue in the same transaction.
"""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models import Count, Sum
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from accounts.models import ShopMember, User
from catalog.services import ratings
from marketflow.core.errors import Refusal
from marketflow.core.events import publish
from marketflow.core.plain_text import one_line, plain_text
from orders.events import ReviewAnswered, ReviewPosted, ReviewReported
from orders.models import OrderLine, Review, ReviewReport, SellerOrder

ARRIVED = (SellerOrder.State.DELIVERED, SellerOrder.State.COMPLETED)


class NotDelivered(Refusal):
    code = "not_delivered"
    message = _("You can review this once it has arrived.")


class AlreadyReviewed(Refusal):
    code = "already_reviewed"
    message = _("You have reviewed this purchase.")


class OwnShop(Refusal):
    code = "own_shop"
    message = _("Nobody reviews what their own shop sells.")


class NotEditable(Refusal):
    code = "not_editable"
    message = _("This review can't be changed any more.")


class AlreadyAnswered(Refusal):
    code = "already_answered"
    message = _("This review was answered, or is gone.")


def is_reviewable(line: OrderLine) -> bool:
    """Whether something of the line has arrived. Needs its part loaded."""
    return line.seller_order.state in ARRIVED and line.shipped > 0


@transaction.atomic
def post(*, line: OrderLine, author: User, rating: int, title: str = "", body: str = "") -> Review:
    """Review what was bought: `rating` is 1 to 5 stars. The caller has found the author's line.

    Locks the product. Raises `NotDelivered`, `OwnShop`, `AlreadyReviewed`. Publishes
    `ReviewPosted`.
    """
    part, product_id = line.seller_order, line.variant.product_id
    if not is_reviewable(line):
        raise NotDelivered(state=part.state)
    if ShopMember.objects.filter(shop=part.shop_id, user=author).exists():
        raise OwnShop
    ratings.hold(product_id=product_id)
    review = _insert(
        line=line,
        product_id=product_id,
        shop_id=part.shop_id,
        author=author,
        rating=rating,
        title=one_line(title),
        body=plain_text(body),
    )
    _hand_down(product_id)
    publish(
        ReviewPosted(
            review_id=review.pk,
            product_id=product_id,
            shop_id=part.shop_id,
            order_line_id=line.pk,
            author_id=author.pk,
            rating=rating,
        )
    )
    return review


@transaction.atomic
def edit(*, review: Review, rating: int, title: str, body: str) -> Review:
    """Its author thinks otherwise, within 60 days. Locks the product. Raises `NotEditable`."""
    ratings.hold(product_id=review.product_id)
    _change(review, rating=rating, title=one_line(title), body=plain_text(body), edited_at=now())
    _hand_down(review.product_id)
    return review


@transaction.atomic
def withdraw(*, review: Review) -> Review:
    """Its author takes it back for good, at any time: the text goes, and what was answered to it.

    The line stays reviewed: once is once. Locks the product. Raises `NotEditable` for one that
    is withdrawn or hidden.
    """
    ratings.hold(product_id=review.product_id)
    rows = Review.objects.shown().filter(pk=review.pk)
    if not rows.update(withdrawn_at=now(), title="", body="", reply=""):
        raise NotEditable
    review.reports.open().update(closed_at=now())
    _hand_down(review.product_id)
    review.refresh_from_db()
    return review


@transaction.atomic
def reply(*, review: Review, body: str, actor: User) -> Review:
    """What the shop says to it, once. Raises `AlreadyAnswered`. Publishes `ReviewAnswered`."""
    values = {"reply": plain_text(body), "replied_at": now(), "replied_by": actor}
    if not Review.objects.shown().filter(pk=review.pk, replied_at=None).update(**values):
        raise AlreadyAnswered
    review.refresh_from_db()
    publish(
        ReviewAnswered(
            review_id=review.pk,
            product_id=review.product_id,
            shop_id=review.shop_id,
            author_id=review.author_id,
        )
    )
    return review


@transaction.atomic
def report(*, review: Review, reporter: User, reason: str) -> ReviewReport:
    """Somebody objects. Saying it twice changes nothing. Publishes `ReviewReported`."""
    values = {"reason": one_line(reason)}
    found, is_new = ReviewReport.objects.get_or_create(
        review=review, reporter=reporter, defaults=values
    )
    if is_new:
        publish(ReviewReported(report_id=found.pk, review_id=review.pk))
    return found


@transaction.atomic
def hide(*, review: Review, reason: str) -> bool:
    """Staff take it down; its author reads why. False where it was hidden or withdrawn already.

    Whoever reported it has been heard. Locks the product.
    """
    ratings.hold(product_id=review.product_id)
    rows = Review.objects.shown().filter(pk=review.pk)
    is_done = bool(rows.update(hidden_at=now(), hidden_reason=one_line(reason)))
    review.reports.open().update(closed_at=now())
    _hand_down(review.product_id)
    return is_done


@transaction.atomic
def show(*, review: Review) -> bool:
    """Staff let it stand again. False where it was not hidden. Locks the product."""
    ratings.hold(product_id=review.product_id)
    rows = Review.objects.filter(pk=review.pk, hidden_at__isnull=False)
    is_done = bool(rows.update(hidden_at=None, hidden_reason=""))
    _hand_down(review.product_id)
    return is_done


def dismiss_reports(*, review: Review) -> int:
    """Staff let it stand. Returns how many reports that answers."""
    return review.reports.open().update(closed_at=now())


def _insert(**values: object) -> Review:
    try:
        with transaction.atomic():
            return Review.objects.create(**values)
    except IntegrityError as problem:
        if not Review.objects.filter(line=values["line"]).exists():
            raise
        raise AlreadyReviewed from problem


def _change(review: Review, **values: object) -> None:
    if not Review.objects.still_editable().filter(pk=review.pk).update(**values):
        raise NotEditable
    review.refresh_from_db()


def _hand_down(product_id: int) -> None:
    """Count anew under the product's lock: a sum kept by steps could drift, this can't."""
    counted = Review.objects.shown().filter(product=product_id).order_by()
    found = counted.aggregate(count=Count("pk"), stars=Sum("rating", default=0))
    ratings.replace(product_id=product_id, count=found["count"], stars=found["stars"])
