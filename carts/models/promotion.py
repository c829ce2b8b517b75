from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from carts.querysets import PromotionQuerySet

WHOLE = 10_000  # Basis points: all of it.
CODE = r"[A-Z0-9](?:[A-Z0-9_-]{0,38}[A-Z0-9])?"


class Promotion(models.Model):
    """Something off, for whom and for what it says. docs/promotions.md is the whole story."""

    class Kind(models.TextChoices):
        PERCENT = "percent", _("Percent off")
        AMOUNT = "amount", _("Amount off")
        FREE_SHIPPING = "free_shipping", _("Free delivery")
        BUY_GET = "buy_get", _("Buy some, get some")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    # Whose goods it is about; none: those of every shop.
    shop = models.ForeignKey(
        "accounts.Shop",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="promotions",
        verbose_name=_("shop"),
    )
    name = models.CharField(_("name"), max_length=80, help_text=_("Buyers read this."))
    # Blank: it applies by itself. Else a coupon.
    code = models.CharField(
        _("code"),
        max_length=40,
        blank=True,
        help_text=_("Letters, digits and hyphens. Leave blank: it applies by itself."),
    )
    is_active = models.BooleanField(_("switched on"), default=True)
    starts_at = models.DateTimeField(_("from"), default=now)
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    # Lower numbers are taken off first.
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    kind = models.CharField(_("kind"), max_length=15, choices=Kind, default=Kind.PERCENT)
    # Hundredths of a percent, of the goods or of the units that are given.
    basis_points = models.PositiveIntegerField(
        _("percent"), default=WHOLE, validators=[MinValueValidator(1), MaxValueValidator(WHOLE)]
    )
    amount_minor = models.PositiveBigIntegerField(_("amount"), null=True, blank=True)
    buy_quantity = models.PositiveSmallIntegerField(_("units to buy"), null=True, blank=True)
    get_quantity = models.PositiveSmallIntegerField(_("units to get"), null=True, blank=True)
    currency = models.CharField(max_length=3, editable=False)

    # With everything below them. Neither categories nor products: everything.
    categories = models.ManyToManyField(
        "catalog.Category", blank=True, related_name="+", verbose_name=_("categories")
    )
    products = models.ManyToManyField(
        "catalog.Product", blank=True, related_name="+", verbose_name=_("products")
    )
    minimum_minor = models.PositiveBigIntegerField(
        _("from a value of"), default=0, blank=True, help_text=_("Of the goods it is about.")
    )
    first_order_only = models.BooleanField(_("first order only"), default=False)

    # The marketplace's part of what is taken off; the shop bears the rest.
    market_basis_points = models.PositiveIntegerField(
        _("paid by the marketplace, percent"), default=0, validators=[MaxValueValidator(WHOLE)]
    )

    max_uses = models.PositiveIntegerField(_("uses in all"), null=True, blank=True)
    max_per_buyer = models.PositiveIntegerField(_("uses per buyer"), null=True, blank=True)
    # Orders that use it now. Moved by orders.services.promotions alone, by conditional UPDATE.
    used = models.PositiveIntegerField(_("used"), default=0, editable=False)
    created_at = models.DateTimeField(default=now, editable=False)

    objects = PromotionQuerySet.as_manager()

    class Meta:
        verbose_name = _("promotion")
        verbose_name_plural = _("promotions")
        ordering = ["position", "pk"]
        indexes = [
            models.Index(
                fields=["shop"], name="automatic_promotions", condition=Q(code="", is_active=True)
            ),
            models.Index(fields=["code"], name="coupons_by_code", condition=~Q(code="")),
        ]
        constraints = [
            # A shop can neither take nor learn the codes of others.
            models.UniqueConstraint(
                fields=["shop", "code"],
                condition=~Q(code="") & Q(shop__isnull=False),
                name="one_coupon_per_code_of_shop",
            ),
            models.UniqueConstraint(
                fields=["code"],
                condition=~Q(code="") & Q(shop__isnull=True),
                name="one_coupon_per_code_of_market",
            ),
            models.CheckConstraint(
                condition=Q(max_uses=None) | Q(used__lte=F("max_uses")),
                name="promotion_used_within_its_limit",
            ),
            # NULL breaks no check, so columns that may hold it are asked for it.
            models.CheckConstraint(
                condition=Q(kind="free_shipping")
                | Q(kind="percent", basis_points__gte=1, basis_points__lte=WHOLE)
                | Q(kind="amount", amount_minor__isnull=False, amount_minor__gte=1)
                | Q(
                    kind="buy_get",
                    buy_quantity__isnull=False,
                    get_quantity__isnull=False,
                    buy_quantity__gte=1,
                    get_quantity__gte=1,
                    basis_points__gte=1,
                    basis_points__lte=WHOLE,
                ),
                name="promotion_says_how_much",
            ),
            models.CheckConstraint(
                condition=Q(market_basis_points__lte=WHOLE), name="promotion_share_is_a_part"
            ),
            # Without it two first orders at once would both be the first.
            models.CheckConstraint(
                condition=Q(first_order_only=False)
                | Q(max_per_buyer__isnull=False, max_per_buyer=1),
                name="first_order_comes_once",
            ),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gt=F("starts_at")),
                name="promotion_ends_after_its_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.code})" if self.code else self.name

    def save(self, **kwargs: Any) -> None:
        """Never `used` of a row that is there: orders count it up meanwhile."""
        if not self._state.adding and kwargs.get("update_fields") is None:
            columns = {field.name for field in self._meta.concrete_fields}
            kwargs["update_fields"] = columns - {"id", "used"}
        super().save(**kwargs)

    def clean(self) -> None:
        """Fill in what follows from the rest, and say what is missing at its field."""
        self.code = self.code.strip().upper()
        if self.code:
            RegexValidator(rf"^{CODE}\Z", _("Use letters, digits and hyphens."))(self.code)
        if self.first_order_only:
            self.max_per_buyer = 1
        problems = self._what_is_missing() | self._what_was_lowered()
        if problems:
            raise ValidationError(problems)

    @property
    def is_coupon(self) -> bool:
        return bool(self.code)

    @property
    def payer(self) -> str:
        """Who bears what is taken off: `shop`, `market` or `shared`."""
        if not self.market_basis_points:
            return "shop"
        return "market" if self.market_basis_points == WHOLE else "shared"

    @property
    def is_used_up(self) -> bool:
        return self.max_uses is not None and self.used >= self.max_uses

    def has_ended(self, moment: datetime) -> bool:
        return self.ends_at is not None and self.ends_at <= moment

    def _what_is_missing(self) -> dict[str, object]:
        needed = {
            self.Kind.AMOUNT: ["amount_minor"],
            self.Kind.BUY_GET: ["buy_quantity", "get_quantity"],
        }.get(self.kind, [])
        problems = {
            name: _("Enter a number above 0") for name in needed if not getattr(self, name)
        }
        if self.ends_at and self.starts_at and self.ends_at <= self.starts_at:
            problems["ends_at"] = _("Enter a time after the start")
        return problems

    def _what_was_lowered(self) -> dict[str, object]:
        """Limits that orders rely on: once there are any, a limit only grows."""
        before = type(self).objects.filter(pk=self.pk).first() if self.pk else None
        if before is None or not before.used:
            return {}
        problems: dict[str, object] = {}
        if self.max_uses is not None and self.max_uses < before.used:
            words = _("It has been used %(n)d times already")
            problems["max_uses"] = words % {"n": before.used}
        most, was = self.max_per_buyer, before.max_per_buyer
        if most is not None and (was is None or most < was):
            words = _("It has been used, so this can only grow")
            problems["first_order_only" if self.first_order_only else "max_per_buyer"] = words
        return problems
