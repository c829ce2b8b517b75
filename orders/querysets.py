from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Case, F, OuterRef, Prefetch, Q, Subquery, Sum, When
from django.db.models.functions import Coalesce, Greatest, Lower, Now

from accounts.models import Shop
from accounts.querysets import bought_by


class OrderQuerySet(models.QuerySet):
    def visible_to(self, user):
        """A whole order belongs to its buyer: no shop sees what was bought elsewhere."""
        if not user.is_authenticated:
            return self.none()
        if user.is_staff:
            return self
        return self.filter(bought_by(user, "buyer"))

    def of(self, *, buyer_id: int | None, email: str):
        """Those of an account, and those that guests placed from an address, however spelt."""
        mine = Q(mail=email.lower()) if email else Q(pk=None)
        if buyer_id is not None:
            mine |= Q(buyer=buyer_id)
        return self.alias(mail=Lower("email")).filter(mine)

    def with_last_change(self):
        """With `last_change`: of the order, or of a part of it."""
        from orders.models import SellerOrder

        parts = SellerOrder.objects.filter(order=OuterRef("pk")).order_by("-changed_at")
        last = Coalesce(Subquery(parts.values("changed_at")[:1]), F("changed_at"))
        return self.annotate(last_change=Greatest(F("changed_at"), last))

    def not_called_off(self):
        return self.exclude(state__in=["cancelled", "expired"])

    def overdue(self):
        """Unpaid, with a hold that has ended by the database's clock."""
        return self.filter(state="awaiting_payment", expires_at__lt=Now())

    def with_contents(self):
        """Load what the order page and the API resource read."""
        return self.prefetch_related(
            "seller_orders__shop",
            "seller_orders__lines__variant__product__images",
            "seller_orders__lines__variant__image",
            "seller_orders__shipments__lines__line",
            "payments",
            "redemptions",
        )

    def with_lines(self):
        """Load what was bought, as it stood then: what news and mails read."""
        return self.prefetch_related("seller_orders__shop", "seller_orders__lines", "redemptions")

    def with_aftercare(self):
        """Load, beside the contents, what was cancelled, sent back, refunded and disputed."""
        return self.with_contents().prefetch_related(
            "seller_orders__refunds",
            "seller_orders__lines__review",
            "seller_orders__returns__lines__line",
            "seller_orders__disputes",
        )


class SellerOrderQuerySet(models.QuerySet):
    def managed_by(self, user, duty: str = "orders"):
        """Parts that a shop of `user` must send. Where sellers' writes start."""
        return self.filter(shop__in=Shop.objects.managed_by(user, duty))

    def visible_to(self, user):
        """Parts of the user's own orders and of their shops."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(
            bought_by(user, "order__buyer") | Q(shop__in=Shop.objects.managed_by(user, "orders"))
        )

    def to_ship(self):
        return self.filter(state="paid")

    def disputed(self):
        """Frozen: not completed and not paid out while the dispute is open."""
        from orders.models import Dispute

        return self.filter(pk__in=Dispute.objects.open().values("seller_order"))

    def not_invoiced(self):
        """Paid for, and without the invoice that is due."""
        return self.filter(order__paid_at__isnull=False).exclude(invoices__kind="sale")

    def with_contents(self):
        from orders.models import OrderLine, ShipmentLine

        # What a line has one of comes with it, not by a question of its own.
        lines = OrderLine.objects.select_related("variant__product")
        sent = ShipmentLine.objects.select_related("line")
        return self.select_related("order", "shop").prefetch_related(
            Prefetch("lines", lines),
            "lines__variant__product__images",
            Prefetch("shipments__lines", sent),
        )

    def with_lines(self):
        """Load what was bought, as it stood then: what news and mails read."""
        return self.select_related("order", "shop").prefetch_related("lines")


class OrderLineQuerySet(models.QuerySet):
    def bought_by(self, user):
        """Lines of the user's own orders, as reviews and their pages need them."""
        if not user.is_authenticated:
            return self.none()
        mine = self.filter(bought_by(user, "seller_order__order__buyer"))
        return mine.select_related("seller_order__order", "seller_order__shop", "variant__product")

    def arrived(self):
        """Of parts that were delivered, with something in them."""
        return self.filter(seller_order__state__in=["delivered", "completed"], shipped__gt=0)

    def managed_by(self, user, duty: str = "orders"):
        return self.filter(seller_order__shop__in=Shop.objects.managed_by(user, duty))


class PaymentQuerySet(models.QuerySet):
    def open(self):
        return self.filter(closed_at=None)

    def without_fee(self):
        # What cost nothing was never with a provider.
        return self.filter(state="captured", fee_minor=None, captured_minor__gt=0)

    def visible_to(self, user):
        if not user.is_authenticated:
            return self.none()
        return self.filter(bought_by(user, "order__buyer"))


class PaymentEventTaskQuerySet(models.QuerySet):
    def due(self):
        # The database's clock: hosts differ, and all of them work.
        return self.filter(done_at=None, due_at__lte=Now())


class ShipmentQuerySet(models.QuerySet):
    def managed_by(self, user, duty: str = "orders"):
        return self.filter(seller_order__shop__in=Shop.objects.managed_by(user, duty))


class OfAPartQuerySet(models.QuerySet):
    """Rows about one shop's part of an order: its buyer's, and its shop's."""

    def managed_by(self, user, duty: str = "orders"):
        return self.filter(seller_order__shop__in=Shop.objects.managed_by(user, duty))

    def visible_to(self, user):
        if not user.is_authenticated:
            return self.none()
        if user.is_staff:
            return self
        return self.filter(
            bought_by(user, "seller_order__order__buyer")
            | Q(seller_order__shop__in=Shop.objects.managed_by(user, "orders"))
        )


class RedemptionQuerySet(models.QuerySet):
    def in_use(self):
        return self.filter(state="used")


class RefundQuerySet(OfAPartQuerySet):
    def with_contents(self):
        return self.select_related("seller_order").prefetch_related("lines__line")

    def under_way(self):
        return self.filter(state="pending")

    def of_key(self, key: str):
        """The one that a provider knows by `key`, whichever try it was."""
        return self.filter(uuid=_uuid_in(key))

    def not_credited(self):
        """Money that went back to the buyer, without the credit note that is due."""
        done = self.filter(state="succeeded", seller_order__isnull=False, amount_minor__gt=0)
        return done.filter(credit_notes=None)


class ReturnQuerySet(OfAPartQuerySet):
    def with_contents(self):
        return self.select_related("seller_order__order", "seller_order__shop").prefetch_related(
            "lines__line", "refunds__lines__line", "refunds__seller_order", "pictures"
        )

    def open(self):
        """Asked for or agreed to, and not received yet."""
        return self.filter(state__in=["requested", "approved"])


class ReturnPictureQuerySet(models.QuerySet):
    def visible_to(self, user):
        from orders.models import Return

        return self.filter(parcel__in=Return.objects.visible_to(user))


class DisputeQuerySet(OfAPartQuerySet):
    def with_contents(self):
        return self.select_related("seller_order__order", "seller_order__shop")

    def open(self):
        return self.filter(closed_at=None)

    def by(self, origin: str):
        return self.filter(origin=origin)


class LedgerTransferQuerySet(models.QuerySet):
    def gathered(self, kind: str) -> int:
        """What these transfers gave to accounts of `kind`, less what they took, in minor units."""
        given = Sum("amount_minor", filter=Q(credit__kind=kind), default=0)
        taken = Sum("amount_minor", filter=Q(debit__kind=kind), default=0)
        return self.aggregate(sum=given - taken)["sum"]

    def moving(self, kind: str, shop_id: int, currency: str):
        """Those that move one account of a shop, with `gain_minor`: what they bring it."""
        return self.on_account(kind, shop=shop_id, currency=currency)

    def on_account(self, kind: str, **which):
        """Those that move accounts of `kind`, with `gain_minor`: what they bring them."""
        account = {"kind": kind} | which
        into = Q(**{f"credit__{name}": value for name, value in account.items()})
        out = Q(**{f"debit__{name}": value for name, value in account.items()})
        gain = Case(When(into, then=F("amount_minor")), default=-F("amount_minor"))
        return self.filter(into | out).annotate(gain_minor=gain)

    def unpaid(self):
        """Not covered by a payout, nor its own sending."""
        return self.filter(payout_item=None).exclude(kind="payout")

    def managed_by(self, user, duty: str = "money"):
        return self.filter(seller_order__shop__in=Shop.objects.managed_by(user, duty))


class ReviewQuerySet(models.QuerySet):
    def shown(self):
        """What everybody reads, and what ratings count."""
        return self.filter(withdrawn_at=None, hidden_at=None)

    def visible_to(self, user):
        """Those shown, one's own that are not withdrawn, and for staff all."""
        if not user.is_authenticated:
            return self.shown()
        if user.is_staff:
            return self
        return self.filter(withdrawn_at=None).filter(Q(hidden_at=None) | bought_by(user, "author"))

    def written_by(self, user):
        return self.filter(bought_by(user, "author"), withdrawn_at=None)

    def managed_by(self, user, duty: str = "reviews"):
        """What everybody reads about products of the user's shops."""
        return self.shown().filter(shop__in=Shop.objects.managed_by(user, duty))

    def still_editable(self):
        """By the database's clock."""
        return self.shown().filter(created_at__gt=Now() - self.model.EDITABLE_FOR)

    def reported(self):
        from orders.models import ReviewReport

        return self.filter(pk__in=ReviewReport.objects.open().values("review"))

    def with_contents(self):
        """Load what a list of reviews and its API resource read."""
        return self.select_related("author", "product", "shop", "line")


class ReviewReportQuerySet(models.QuerySet):
    def open(self):
        return self.filter(closed_at=None)


class PayoutQuerySet(models.QuerySet):
    def of_key(self, key: str):
        """The one that a provider knows by `key`."""
        return self.filter(uuid=_uuid_in(key))

    def managed_by(self, user, duty: str = "money"):
        return self.filter(shop__in=Shop.objects.managed_by(user, duty))

    def visible_to(self, user):
        return self if user.is_authenticated and user.is_staff else self.managed_by(user)

    def open(self):
        return self.filter(closed_at=None)


class InvoiceQuerySet(models.QuerySet):
    def managed_by(self, user, duty: str = "money"):
        return self.filter(shop__in=Shop.objects.managed_by(user, duty))

    def visible_to(self, user):
        """A buyer's own documents, and those of one's shops. Commission is the shop's alone."""
        if not user.is_authenticated:
            return self.none()
        if user.is_staff:
            return self
        mine = bought_by(user, "seller_order__order__buyer") & Q(kind__in=["sale", "credit_note"])
        return self.filter(mine | Q(shop__in=Shop.objects.managed_by(user, "money")))


def _uuid_in(key: str) -> uuid.UUID | None:
    """Of a key such as `payout:<uuid>`; None where there is none, which no row has."""
    try:
        return uuid.UUID(key.split(":")[1])
    except (IndexError, ValueError):
        return None
