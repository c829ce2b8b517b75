"""A shop's stock: what lies on the shelf, what of it is promised, and why it changed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from catalog.admin.counting import CountForm
from catalog.admin.filters import LevelFilter
from catalog.models import StockItem, StockMovement
from marketflow.core.admin import ReadOnly, ShopScopedAdmin, seller_site


class StockForm(CountForm):
    class Meta:
        model = StockItem
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        item = self.item()
        if item:
            label = gettext("On hand: %(variant)s") % {"variant": item.variant}
            self.fields["on_hand"].widget.attrs["aria-label"] = label

    def item(self) -> StockItem | None:
        # None where somebody put a number into the address of another shop's row.
        return self.instance if self.instance.pk else None


@admin.register(StockItem, site=seller_site)
class StockAdmin(ShopScopedAdmin):
    duty = "stock"
    list_display = ["name", "sku", "on_hand", "promised", "free"]
    list_display_links = ["name"]
    list_editable = ["on_hand"]
    list_filter = [LevelFilter]
    search_fields = ["variant__product__title", "variant__sku"]
    search_help_text = _("Title or SKU")
    ordering = ["variant__product__title", "pk"]
    form = StockForm
    fields = ["variant_text", "sku", "on_hand", "promised", "free_text"]
    readonly_fields = ["variant_text", "sku", "promised", "free_text"]
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        items = super().get_queryset(request).select_related("variant__product")
        return items.annotate(left=F("on_hand") - F("allocated"))

    def has_add_permission(self, request: HttpRequest, obj: StockItem | None = None) -> bool:
        return False

    has_delete_permission = has_add_permission

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> type[forms.ModelForm]:
        return StockForm

    def get_changelist_formset(self, request: HttpRequest, **kwargs: Any) -> type:
        # Django would ask for the columns of `list_editable`; the form has its own fields.
        return forms.modelformset_factory(StockItem, StockForm, extra=0, fields=[])

    def save_form(self, request: HttpRequest, form: StockForm, change: bool) -> StockItem:
        return form.save(commit=False)

    def save_model(
        self, request: HttpRequest, obj: StockItem, form: StockForm, change: bool
    ) -> None:
        if form.has_count:
            form.count(obj.variant)

    @display(description=_("product"), ordering="variant__product__title", header=True)
    def name(self, item: StockItem) -> list[str]:
        return [item.variant.product.title, item.variant.label]

    @display(description=_("product"))
    def variant_text(self, item: StockItem) -> str:
        return str(item.variant)

    @display(description=_("free"))
    def free_text(self, item: StockItem) -> int:
        return item.available

    @display(description=_("SKU"), ordering="variant__sku")
    def sku(self, item: StockItem) -> str:
        return item.variant.sku

    @display(description=_("promised"), ordering="allocated")
    def promised(self, item: StockItem) -> int:
        return item.allocated

    @display(
        description=_("free"),
        ordering="left",
        label={"in": "success", "low": "warning", "out": "danger"},
    )
    def free(self, item: StockItem) -> tuple[str, str]:
        return item.level, str(item.available)


@admin.register(StockMovement, site=seller_site)
class MovementAdmin(ReadOnly, ShopScopedAdmin):
    """Why the shelf changed. Rows are added by sales, receipts and counts, and never altered."""

    duty = "stock"
    list_display = ["moved_at", "name", "kind", "delta", "note"]
    list_select_related = ["stock_item__variant__product"]
    list_filter = ["kind"]
    search_fields = ["stock_item__variant__product__title", "stock_item__variant__sku"]
    fields = ["moved_at", "name", "kind", "delta", "note"]
    readonly_fields = fields
    actions = None

    @display(description=_("product"))
    def name(self, movement: StockMovement) -> str:
        return str(movement.stock_item.variant)
