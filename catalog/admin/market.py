"""The catalogue behind the counter: every shop's products, the tree, and what searches miss."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.timezone import now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from treebeard.forms import movenodeform_factory
from unfold.admin import TabularInline
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelectWidget

from catalog.admin.products import STATE_COLOURS
from catalog.models import (
    Category,
    ImportJob,
    ImportRow,
    Product,
    ProductImage,
    SearchMiss,
    StockItem,
    StockMovement,
    Synonym,
    Variant,
)
from catalog.services import listing, tree
from marketflow.core.admin import MoneyFields, ReadOnly, StaffAdmin, staff_site
from marketflow.core.html import clean_html
from marketflow.core.money import Money
from marketflow.core.templatetags.marketflow import money

EM_SPACE = "\u2003"


class CategoryForm(
    movenodeform_factory(Category, fields=["name", "slug", "description", "google_id"])
):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("treebeard_position", "treebeard_ref_node"):
            field = self.fields[name]
            field.widget = UnfoldAdminSelectWidget(choices=field.widget.choices)


@admin.register(Category, site=staff_site)
class CategoryAdmin(StaffAdmin):
    """treebeard's own admin breaks under Unfold: an ordinary list in the order of the tree."""

    form = CategoryForm
    ordering = ["path"]
    list_display = ["indented_name", "slug", "product_count"]
    search_fields = ["full_name", "slug"]
    readonly_fields = ["full_name"]
    list_per_page = 100

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).annotate(goods=Count("products"))

    def get_readonly_fields(self, request: HttpRequest, obj: Category | None = None) -> list[str]:
        # A new category's address is made from its name; later it may be changed.
        return [*self.readonly_fields] if obj else ["slug", *self.readonly_fields]

    @display(description=_("name"))
    def indented_name(self, category: Category) -> str:
        return EM_SPACE * (category.depth - 1) + category.name

    @display(description=_("products"), ordering="goods")
    def product_count(self, category: Category) -> int:
        return category.goods

    @transaction.atomic
    def save_model(
        self, request: HttpRequest, obj: Category, form: forms.ModelForm, change: bool
    ) -> None:
        if not change:
            # The place in the tree is known only afterwards; until then any free address does.
            obj.slug = listing.free_category_slug(obj.name)
        super().save_model(request, obj, form, change)
        tree.rename_branch(Category.objects.get(pk=obj.pk))

    def delete_model(self, request: HttpRequest, obj: Category) -> None:
        # The queryset's delete keeps the tree's counters; the row's does not.
        Category.objects.filter(pk=obj.pk).delete()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        Category.objects.filter(pk__in=list(queryset.values_list("pk", flat=True))).delete()


class VariantInline(ReadOnly, MoneyFields, TabularInline):
    model = Variant
    fields = ["label", "sku", "amount", "stock_text", "is_active"]
    readonly_fields = fields
    tab = True

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("stock", "product")

    @display(description=_("options"))
    def label(self, variant: Variant) -> str:
        return variant.label or "–"

    @display(description=_("price"))
    def amount(self, variant: Variant) -> str:
        return money(variant.price)

    @display(description=_("stock"))
    def stock_text(self, variant: Variant) -> str:
        return str(variant.stock_item) if variant.stock_item else gettext("not counted")


@admin.register(Product, site=staff_site)
class ProductAdmin(StaffAdmin):
    list_display = ["title", "shop", "category", "price", "badge", "updated_at"]
    list_select_related = ["shop", "category"]
    list_filter = ["state", "is_listed", "condition", "tax_class"]
    search_fields = ["title", "slug", "handle", "variants__sku", "shop__name"]
    autocomplete_fields = ["category"]
    readonly_fields = ["shop", "state", "created_at", "updated_at", "published_at"]
    inlines = [VariantInline]
    actions = ["archive"]
    fields = [
        ("shop", "state"),
        "title",
        "slug",
        "category",
        "description",
        ("condition", "tax_class", "is_listed"),
        ("seo_title", "seo_description"),
        ("created_at", "updated_at", "published_at"),
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        # Products are their shops'.
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Product | None = None) -> bool:
        return False

    def save_model(
        self, request: HttpRequest, obj: Product, form: forms.ModelForm, change: bool
    ) -> None:
        obj.description = clean_html(obj.description)
        super().save_model(request, obj, form, change)
        listing.refresh([obj])

    @display(description=_("price"), ordering="price_minor")
    def price(self, product: Product) -> str:
        return money(Money(product.price_minor, settings.MARKETPLACE_CURRENCY))

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)
    def badge(self, product: Product) -> tuple[str, str]:
        return product.state, product.get_state_display()

    @action(description=_("Take off sale"), permissions=["change"])
    def archive(self, request: HttpRequest, rows: QuerySet) -> None:
        taken_off = list(rows.exclude(state=Product.State.ARCHIVED))
        for product in taken_off:
            before = {"state": product.state}
            listing.archive_product(product)
            after = {"state": product.state}
            self.audit(request, "archived", product, before=before, after=after)
        messages.success(request, gettext("%(count)d done.") % {"count": len(taken_off)})


@admin.register(ProductImage, site=staff_site)
class PictureAdmin(ReadOnly, StaffAdmin):
    """The darkroom's queue. What failed can be tried again."""

    list_display = ["product", "state", "failure", "attempts", "due_at"]
    list_select_related = ["product"]
    list_filter = ["state"]
    search_fields = ["product__title"]
    fields = ["product", "alt", "state", "failure", "attempts", "due_at", "width", "height"]
    readonly_fields = fields
    actions = ["try_again"]

    def has_view_permission(self, request: HttpRequest, obj: ProductImage | None = None) -> bool:
        return request.user.has_perm("catalog.view_productimage")

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("catalog.change_productimage")

    @action(description=_("Try again"), permissions=["retry"])
    def try_again(self, request: HttpRequest, rows: QuerySet) -> None:
        failed = rows.filter(state=ProductImage.State.FAILED)
        # Without a stored original the picture has still to be fetched.
        count = failed.filter(original="").update(
            state=ProductImage.State.REMOTE, attempts=0, due_at=now(), failure=""
        )
        count += failed.update(
            state=ProductImage.State.WAITING, attempts=0, due_at=now(), failure=""
        )
        messages.success(request, gettext("%(count)d will be tried again.") % {"count": count})


class ImportRowInline(ReadOnly, TabularInline):
    model = ImportRow
    fields = ["record", "outcome", "column", "message", "product"]
    readonly_fields = fields
    per_page = 50
    tab = True


@admin.register(ImportJob, site=staff_site)
class ImportJobAdmin(ReadOnly, StaffAdmin):
    list_display = ["file_name", "shop", "format", "outcome", "records_read", "created_at"]
    list_select_related = ["shop"]
    list_filter = ["state", "format", "is_dry_run"]
    search_fields = ["file_name", "shop__name"]
    fields = ["file_name", "shop", "started_by", "format", "outcome", "failure", "counts"]
    readonly_fields = fields
    inlines = [ImportRowInline]

    @display(description=_("state"), ordering="state")
    def outcome(self, job: ImportJob) -> str:
        return job.state_in_words


@admin.register(StockItem, site=staff_site)
class StockItemAdmin(ReadOnly, StaffAdmin):
    list_display = ["variant", "shop", "on_hand", "allocated", "available"]
    list_select_related = ["variant__product", "variant__shop"]
    search_fields = ["variant__sku", "variant__product__title"]

    @display(description=_("shop"))
    def shop(self, item: StockItem) -> str:
        return str(item.variant.shop)


@admin.register(StockMovement, site=staff_site)
class StockMovementAdmin(ReadOnly, StaffAdmin):
    list_display = ["moved_at", "name", "kind", "delta", "note"]
    list_select_related = ["stock_item__variant__product"]
    list_filter = ["kind"]
    search_fields = ["stock_item__variant__sku", "stock_item__variant__product__title"]

    @display(description=_("product"))
    def name(self, movement: StockMovement) -> str:
        return str(movement.stock_item.variant)


@admin.register(Synonym, site=staff_site)
class SynonymAdmin(StaffAdmin):
    list_display = ["term", "means"]
    search_fields = ["term", "means"]


@admin.register(SearchMiss, site=staff_site)
class SearchMissAdmin(ReadOnly, StaffAdmin):
    list_display = ["term", "times", "last_at"]
    search_fields = ["term"]

    def has_delete_permission(self, request: HttpRequest, obj: SearchMiss | None = None) -> bool:
        # Answered ones are cleared away.
        return request.user.has_perm("catalog.delete_searchmiss")
