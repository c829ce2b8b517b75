"""Promotions: a shop's own, which it pays itself, and the house's of every kind."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.models import Shop
from carts.models import Promotion
from carts.models.promotion import WHOLE
from marketflow.core.admin import ShopScopedAdmin, StaffAdmin, seller_site, staff_site
from marketflow.core.money import Money
from marketflow.core.templatetags.marketflow import money


class PercentField(forms.DecimalField):
    """People type 12.5, the column keeps 1250."""

    widget = UnfoldAdminTextInputWidget

    def prepare_value(self, value: object) -> object:
        return f"{Decimal(value) / 100:f}" if isinstance(value, int) else value

    def clean(self, value: object) -> int | None:
        percent = super().clean(value)
        return int(percent * 100) if percent is not None else None

    def has_changed(self, initial: object, data: object) -> bool:
        try:
            return self.clean(data) != initial
        except ValidationError:
            return True


class PromotionForm(forms.ModelForm):
    class Meta:
        model = Promotion
        fields = ["shop", "code"]  # Each admin asks for its own.

    def clean(self) -> dict[str, Any]:
        """A code is taken within its shop; what other shops call theirs is not looked at."""
        values = super().clean()
        if values.get("basis_points", 0) is None:
            # A slip of the eye must not give everything away.
            if values.get("kind") == Promotion.Kind.PERCENT:
                self.add_error("basis_points", gettext("Enter how many percent"))
            values["basis_points"] = WHOLE
        shop = values.get("shop", self.instance.shop if self.instance.pk else None)
        code = values.get("code", "").strip().upper()
        if not code or "shop" in self.errors:
            return values
        others = Promotion.objects.filter(shop=shop, code=code).exclude(pk=self.instance.pk)
        if others.exists():
            self.add_error("code", gettext("This code is taken. Choose another one"))
        return values


class PromotionPages:
    """What both sites share. Nothing is deleted: orders point at it. It is switched off."""

    form = PromotionForm
    list_display = ["name", "code", "what", "whose", "uses", "starts_at", "ends_at", "is_active"]
    list_filter = ["is_active", "kind"]
    search_fields = ["name", "code"]
    search_help_text = _("Name or code")
    list_select_related = ["shop"]
    autocomplete_fields = ["categories", "products"]
    actions = None

    class Media:
        js = ["backoffice/labels.js"]

    def get_readonly_fields(self, request: HttpRequest, obj: Promotion | None = None) -> list[str]:
        # Redemptions were made for one shop's goods.
        return ["shop", "uses"] if obj else ["uses"]

    def has_delete_permission(self, request: HttpRequest, obj: Promotion | None = None) -> bool:
        return False

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if not db_field.name.endswith("basis_points"):
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        label = f"{db_field.verbose_name[:1].upper()}{db_field.verbose_name[1:]}"
        bounds = {"max_value": Decimal(100), "decimal_places": 2}
        if db_field.name == "market_basis_points":
            return PercentField(label=label, initial=0, min_value=Decimal(0), **bounds)
        return PercentField(label=label, required=False, min_value=Decimal("0.01"), **bounds)

    def save_model(
        self, request: HttpRequest, obj: Promotion, form: forms.ModelForm, change: bool
    ) -> None:
        if not change:
            obj.currency = settings.MARKETPLACE_CURRENCY
        super().save_model(request, obj, form, change)

    @display(description=_("what it takes off"))
    def what(self, promotion: Promotion) -> str:
        percent = f"{promotion.basis_points / 100:g} %"
        if promotion.kind == Promotion.Kind.PERCENT:
            return percent
        if promotion.kind == Promotion.Kind.AMOUNT:
            return money(Money(promotion.amount_minor, promotion.currency))
        if promotion.kind == Promotion.Kind.FREE_SHIPPING:
            return gettext("Delivery")
        buy, get = promotion.buy_quantity, promotion.get_quantity
        return gettext("%(get)d after %(buy)d: %(percent)s") % {
            "get": get,
            "buy": buy,
            "percent": percent,
        }

    @display(description=_("shop"), ordering="shop__name")
    def whose(self, promotion: Promotion) -> str:
        return promotion.shop.name if promotion.shop else gettext("Every shop")

    @display(description=_("used"), ordering="used")
    def uses(self, promotion: Promotion) -> str:
        most = promotion.max_uses
        return str(promotion.used) if most is None else f"{promotion.used} / {most}"


WHAT = [
    "kind",
    ("basis_points", "amount_minor"),
    ("buy_quantity", "get_quantity"),
]
FOR_WHAT = ["categories", "products", ("minimum_minor", "first_order_only")]
LIMITS = [("max_uses", "max_per_buyer"), "uses"]
WHEN = ["starts_at", "ends_at", ("position", "is_active")]


@admin.register(Promotion, site=seller_site)
class OwnPromotionAdmin(PromotionPages, ShopScopedAdmin):
    """The shop bears what its own promotions take off: the share is not asked for."""

    duty = "catalogue"
    public_choices = ("categories",)
    fieldsets = [
        (None, {"fields": ["shop", ("name", "code")]}),
        (_("What it takes off"), {"fields": WHAT}),
        (_("Off what"), {"fields": FOR_WHAT}),
        (_("How often"), {"fields": LIMITS}),
        (_("When"), {"fields": WHEN}),
    ]

    def managed(self, request: HttpRequest) -> QuerySet:
        # What the house pays for in a shop is the house's to change.
        return super().managed(request).filter(market_basis_points=0)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"shop": Shop.objects.managed_by(request.user, self.duty).first()}

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "shop" and field is not None:
            field.required = True
        return field


@admin.register(Promotion, site=staff_site)
class PromotionAdmin(PromotionPages, StaffAdmin):
    """Of every kind, for every shop, with the marketplace's share."""

    list_filter = [*PromotionPages.list_filter, "first_order_only"]
    autocomplete_fields = ["categories", "products", "shop"]
    fieldsets = [
        (None, {"fields": ["shop", ("name", "code")]}),
        (_("What it takes off"), {"fields": [*WHAT, "market_basis_points"]}),
        (_("Off what"), {"fields": FOR_WHAT}),
        (_("How often"), {"fields": LIMITS}),
        (_("When"), {"fields": WHEN}),
    ]
