from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from orders.models.history import HasHistory
from orders.querysets import ReturnPictureQuerySet, ReturnQuerySet


class Return(HasHistory):
    """Goods a buyer sends back. What arrived is the most that is refunded."""

    SUBJECT = "return"

    class State(models.TextChoices):
        REQUESTED = "requested", _("Requested")
        APPROVED = "approved", _("Approved")
        REJECTED = "rejected", _("Rejected")
        RECEIVED = "received", _("Received")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    seller_order = models.ForeignKey("orders.SellerOrder", models.PROTECT, related_name="returns")
    reason = models.CharField(_("reason"), max_length=500)
    # What the shop answered: why not, or how to send it back.
    answer = models.CharField(_("answer"), max_length=500, blank=True)
    requested_at = models.DateTimeField(_("requested"), default=now)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    received_at = models.DateTimeField(_("received"), null=True, blank=True)

    objects = ReturnQuerySet.as_manager()

    class Meta:
        verbose_name = _("return")
        verbose_name_plural = _("returns")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.seller_order} {self.requested_at:%Y-%m-%d}"

    @property
    def state_label(self) -> str:
        return str(self.State(self.state).label) if self.state else ""


class ReturnLine(models.Model):
    parcel = models.ForeignKey(Return, models.CASCADE, related_name="lines")
    line = models.ForeignKey("orders.OrderLine", models.PROTECT, related_name="return_lines")
    quantity = models.PositiveIntegerField(_("units"))
    received = models.PositiveIntegerField(_("units received"), default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["parcel", "line"], name="line_once_in_a_return"),
            models.CheckConstraint(
                condition=Q(quantity__gte=1, received__lte=F("quantity")),
                name="received_within_the_return",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of line {self.line_id}"


class ReturnPicture(models.Model):
    """What the buyer shows of what comes back. Seen by the two sides and by staff alone."""

    # As many as one request may bring.
    MOST = 5

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    parcel = models.ForeignKey(Return, models.CASCADE, related_name="pictures")
    # A JPEG in the private storage, under a name of ours.
    file = models.CharField(max_length=200)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()

    objects = ReturnPictureQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return str(self.uuid)

    def get_absolute_url(self) -> str:
        part = self.parcel.seller_order
        return reverse(
            "orders:return_picture", args=[part.order.number, self.parcel.uuid, self.uuid]
        )
