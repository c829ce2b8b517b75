"""How shops send their parcels, and the VAT that prices hold."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts.models import Shop
from carts.models import ShippingOption, TaxRate
from marketflow.core.admin import ShopScopedAdmin, StaffAdmin, seller_site, staff_site
from marketflow.core.money import Money
from marketflow.core.templatetags.marketflow import money

MOST_NAMED = 4


@admin.register(ShippingOption, site=seller_site)
class ShippingOptionAdmin(ShopScopedAdmin):
    duty = "catalogue"
    list_display = ["name", "price", "free_from", "where", "days", "is_active"]
    list_filter = ["is_active"]
    search_fields = ["name"]
    fields = [
        "shop",
        "name",
        ("price_minor", "free_above_minor"),
        "countries",
        ("min_days", "max_days"),
        ("position", "is_active"),
    ]
    actions = None

    def get_readonly_fields(
        self, request: HttpRequest, obj: ShippingOption | None = None
    ) -> list[str]:
        return ["shop"] if obj else []

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"shop": Shop.objects.managed_by(request.user, self.duty).first()}

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "countries":
            field.help_text = _("None chosen: everywhere.")
            field.widget.attrs["size"] = 8
        return field

    def save_model(
        self, request: HttpRequest, obj: ShippingOption, form: forms.ModelForm, change: bool
    ) -> None:
        if not change:
            obj.currency = settings.MARKETPLACE_CURRENCY
        super().save_model(request, obj, form, change)

    @display(description=_("price"), ordering="price_minor")
    def price(self, option: ShippingOption) -> str:
        return money(Money(option.price_minor, option.currency))

    @display(description=_("free from"))
    def free_from(self, option: ShippingOption) -> str:
        if option.free_above_minor is None:
            return "–"
        return money(Money(option.free_above_minor, option.currency))

    @display(description=_("where"))
    def where(self, option: ShippingOption) -> str:
        names = [str(country.name) for country in option.countries]
        if not names:
            return gettext("everywhere")
        more = len(names) - MOST_NAMED
        return ", ".join(names[:MOST_NAMED]) + (f" +{more}" if more > 0 else "")

    @display(description=_("working days"))
    def days(self, option: ShippingOption) -> str:
        return f"{option.min_days}–{option.max_days}"


@admin.register(TaxRate, site=staff_site)
class TaxRateAdmin(StaffAdmin):
    list_display = ["country", "tax_class", "rate", "valid_from"]
    list_filter = ["tax_class", "country"]
    date_hierarchy = "valid_from"

    @display(description=_("rate"), ordering="basis_points")
    def rate(self, rate: TaxRate) -> str:
        return f"{rate.basis_points / 100:g} %"
