"""What buyers say of what they bought, what the shop answers, and who objects."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext

from orders.querysets import ReviewQuerySet, ReviewReportQuerySet


class Review(models.Model):
    """Of one delivered line, by who bought it, once. Withdrawn or hidden, it counts nowhere."""

    LONGEST_TITLE, LONGEST_BODY, LONGEST_REPLY = 120, 5000, 2000
    EDITABLE_FOR = timedelta(days=60)
    STARS = (5, 4, 3, 2, 1)

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    line = models.OneToOneField("orders.OrderLine", models.PROTECT, related_name="review")
    # The line's product and shop again, so that lists of both are read by an index.
    product = models.ForeignKey("catalog.Product", models.PROTECT, related_name="reviews")
    shop = models.ForeignKey("accounts.Shop", models.PROTECT, related_name="reviews")
    author = models.ForeignKey("accounts.User", models.PROTECT, related_name="reviews")
    rating = models.PositiveSmallIntegerField(_("stars"))
    title = models.CharField(_("title"), max_length=LONGEST_TITLE, blank=True)
    body = models.TextField(_("review"), blank=True)
    created_at = models.DateTimeField(_("written"), default=now)
    edited_at = models.DateTimeField(_("changed"), null=True, blank=True)
    # By its author. The text is gone, and the line stays reviewed.
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    # By staff.
    hidden_at = models.DateTimeField(_("hidden"), null=True, blank=True)
    hidden_reason = models.CharField(_("why it is hidden"), max_length=500, blank=True)

    reply = models.TextField(_("reply of the shop"), blank=True)
    replied_at = models.DateTimeField(_("replied"), null=True, blank=True)
    replied_by = models.ForeignKey(
        "accounts.User", models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = ReviewQuerySet.as_manager()

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(
                fields=["product", "-created_at"],
                name="reviews_of_product",
                condition=Q(withdrawn_at=None, hidden_at=None),
            ),
            models.Index(
                fields=["shop", "-created_at"],
                name="reviews_of_shop",
                condition=Q(withdrawn_at=None, hidden_at=None),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(rating__gte=1, rating__lte=5), name="review_has_one_to_five_stars"
            ),
            models.CheckConstraint(
                condition=Q(reply="", replied_at=None) | Q(replied_at__isnull=False),
                name="reply_says_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rating}/5 · {self.title or self.product_id}"

    def get_absolute_url(self) -> str:
        return f"{self.product.get_absolute_url()}#review-{self.uuid}"

    @property
    def is_shown(self) -> bool:
        return self.withdrawn_at is None and self.hidden_at is None

    @property
    def editable_until(self) -> datetime:
        return self.created_at + self.EDITABLE_FOR

    @property
    def is_editable(self) -> bool:
        """Whether its author may still change it. The database decides in the end."""
        return self.is_shown and self.editable_until > now()

    @property
    def author_name(self) -> str:
        """As everybody reads it: "Ana B."; the whole name is nobody's business."""
        first, *others = self.author.name.split() or [""]
        if not first:
            return pgettext("who wrote a review", "A former customer")
        return f"{first} {others[-1][0]}." if others else first


class ReviewReport(models.Model):
    """Somebody finds that a review should not stand there. Staff look at it."""

    LONGEST = 500

    review = models.ForeignKey(Review, models.CASCADE, related_name="reports")
    reporter = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    reason = models.CharField(_("reason"), max_length=LONGEST)
    created_at = models.DateTimeField(_("reported"), default=now)
    closed_at = models.DateTimeField(_("dealt with"), null=True, blank=True)

    objects = ReviewReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("report of a review")
        verbose_name_plural = _("reports of reviews")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["review", "reporter"], name="one_report_each"),
        ]

    def __str__(self) -> str:
        return self.reason
