"""A shop's products: the list with its actions, and the form."""

from __future__ import annotations

import csv
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import action, display

from accounts.models import Shop
from catalog.admin.filters import PictureFilter, StockFilter
from catalog.admin.price_form import PriceForm
from catalog.admin.product_forms import (
    PictureForm,
    PictureFormSet,
    ProductForm,
    VariantForm,
    VariantFormSet,
)
from catalog.models import Category, Product, ProductAttribute, ProductImage, Variant
from catalog.services import listing, repricing
from marketflow.core import rate_limits
from marketflow.core.admin import ReadOnly, ShopScopedAdmin, ShopScopedInline, seller_site
from marketflow.core.admin_forms import answered, ask
from marketflow.core.csv_cells import guarded
from marketflow.core.errors import Refusal
from marketflow.core.money import Money
from marketflow.core.templatetags.marketflow import money

STATE_COLOURS = {
    Product.State.DRAFT: "warning",
    Product.State.PUBLISHED: "success",
    Product.State.ARCHIVED: "info",
}
LEVELS = {"in": "success", "low": "warning", "out": "danger"}
NO_PICTURE = mark_safe('<span class="mf-thumb"></span>')
COLUMNS = ["Handle", "Title", "State", "Options", "SKU", "Price", "Currency", "On hand", "Free"]


class PictureInline(ShopScopedInline, TabularInline):
    model = ProductImage
    form, formset = PictureForm, PictureFormSet
    duty = "catalogue"
    fields = ["preview", "upload", "alt", "position"]
    readonly_fields = ["preview"]
    ordering_field = "position"
    verbose_name_plural = _("Photos")
    extra = 0
    tab = True

    @display(description=_("picture"))
    def preview(self, image: ProductImage) -> str:
        if not image.pk:
            return ""
        if image.state in (ProductImage.State.REMOTE, ProductImage.State.FAILED):
            return image.get_state_display()
        return thumbnail(image)


class VariantInline(ShopScopedInline, TabularInline):
    model = Variant
    form, formset = VariantForm, VariantFormSet
    duty = "catalogue"
    fields = [
        "option1",
        "option2",
        "option3",
        "price_minor",
        "compare_at_minor",
        "sku",
        "on_hand",
        "weight_grams",
        "barcode",
        "is_active",
        "position",
    ]
    ordering_field = "position"
    tab = True

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("stock", "product")

    def get_extra(self, request: HttpRequest, obj: Product | None = None, **kwargs: Any) -> int:
        return 0 if obj else 1

    def has_delete_permission(self, request: HttpRequest, obj: Product | None = None) -> bool:
        # Orders and stock name it: a variant is taken off sale instead.
        return False


class AttributeInline(ShopScopedInline, TabularInline):
    model = ProductAttribute
    duty = "catalogue"
    fields = ["name", "value"]
    extra = 0
    tab = True


@admin.register(Product, site=seller_site)
class OwnProductAdmin(ShopScopedAdmin):
    duty = "catalogue"
    public_choices = ("category",)
    form = ProductForm
    list_display = ["picture", "name", "price", "stock", "badge", "updated_at"]
    list_display_links = ["name"]
    search_fields = ["title", "handle", "variants__sku"]
    search_help_text = _("Title, handle or SKU")
    ordering = ["-updated_at", "-pk"]
    autocomplete_fields = ["category"]
    readonly_fields = ["slug"]
    inlines = [PictureInline, VariantInline, AttributeInline]
    actions = ["publish", "unpublish", "archive", "reprice", "export_csv"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "shop",
                    "title",
                    ("state", "is_listed"),
                    "category",
                    "description",
                    "brand",
                    "tags",
                    ("condition", "tax_class"),
                    ("option1_name", "option2_name", "option3_name"),
                ],
            },
        ),
        (
            _("SEO"),
            {"classes": ["collapse"], "fields": ["slug", "seo_title", "seo_description"]},
        ),
    ]

    # --- what is shown

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("shop")

    def get_changelist_instance(self, request: HttpRequest):
        changelist = super().get_changelist_instance(request)
        # Only the rows of the page: actions work on the plain queryset.
        changelist.result_list = changelist.result_list.with_card_data()
        return changelist

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        filters = [
            "state",
            StockFilter,
            PictureFilter,
            ("category", admin.RelatedOnlyFieldListFilter),
        ]
        if self._has_several_shops(request):
            # Shops of the person's own rows only; the plain filter lists every shop there is.
            filters.append(("shop", admin.RelatedOnlyFieldListFilter))
        return filters

    def get_readonly_fields(self, request: HttpRequest, obj: Product | None = None) -> list[str]:
        # A product stays with its shop: its variants' SKUs are unique there.
        return [*self.readonly_fields, "shop"] if obj else [*self.readonly_fields]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"shop": self._shops(request).first()} | super().get_changeform_initial_data(
            request
        )

    def has_delete_permission(self, request: HttpRequest, obj: Product | None = None) -> bool:
        # Orders name it: a product is archived, never erased.
        return False

    @display(description=_("picture"))
    def picture(self, product: Product) -> str:
        images = product.shown_images
        return thumbnail(images[0]) if images else NO_PICTURE

    @display(description=_("product"), ordering="title", header=True)
    def name(self, product: Product) -> list[str]:
        skus = [variant.sku for variant in product.active_variants if variant.sku]
        more = len(skus) - 1
        return [product.title, f"{skus[0]} +{more}" if more > 0 else "".join(skus)]

    @display(description=_("price"), ordering="price_minor")
    def price(self, product: Product) -> str:
        prices = {variant.price_minor for variant in product.active_variants}
        if not prices:
            return "–"
        lowest = money(Money(min(prices), product.active_variants[0].currency))
        return gettext("from %(price)s") % {"price": lowest} if len(prices) > 1 else lowest

    @display(description=_("stock"), label=LEVELS)
    def stock(self, product: Product) -> tuple[str, str] | str:
        variants = product.active_variants
        tracked = [variant.available for variant in variants if variant.stock_item]
        if not variants:
            return "–"
        if len(tracked) < len(variants):
            return "in", gettext("not counted")
        level = min((variant.level for variant in variants), key=["out", "low", "in"].index)
        return level, gettext("%(units)d free") % {"units": sum(tracked)}

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)
    def badge(self, product: Product) -> tuple[str, str]:
        return product.state, product.get_state_display()

    # --- saving, through the services

    def save_model(
        self, request: HttpRequest, obj: Product, form: forms.ModelForm, change: bool
    ) -> None:
        # The state moves last, when variants are there: see save_related.
        obj.wanted_state = obj.state
        if change:
            obj.state = form.initial["state"]
            changed = [name for name in form.changed_data if name != "state"]
            if changed:
                obj.save(update_fields=changed)
        else:
            obj.state = Product.State.DRAFT
            obj.slug = listing.free_slug(obj.title)
            obj.save()

    def save_related(
        self, request: HttpRequest, form: forms.ModelForm, formsets: list, change: bool
    ) -> None:
        super().save_related(request, form, formsets, change)
        product = form.instance
        if product.wanted_state == product.state:
            listing.refresh([product])
        else:
            STEPS[product.wanted_state](product)

    def save_formset(
        self, request: HttpRequest, form: forms.ModelForm, formset: Any, change: bool
    ) -> None:
        if isinstance(formset, PictureFormSet):
            for added in formset.extra_forms:
                if added.has_changed():
                    rate_limits.count("upload", f"user:{request.user.pk}")
        super().save_formset(request, form, formset, change)
        for name, reason in getattr(formset, "refused", []):
            messages.error(request, f"{name}: {reason}")

    # --- actions

    @action(description=_("Publish"))
    def publish(self, request: HttpRequest, rows: QuerySet) -> None:
        for_sale = Variant.objects.active().filter(product=OuterRef("pk"))
        ready = rows.filter(Exists(for_sale))
        bare = rows.exclude(pk__in=ready.values("pk")).count()
        self._move(request, ready, Product.State.PUBLISHED)
        if bare:
            text = gettext("%(count)d not published: they have no variant for sale.")
            messages.warning(request, text % {"count": bare})

    @action(description=_("Make drafts again"))
    def unpublish(self, request: HttpRequest, rows: QuerySet) -> None:
        self._move(request, rows, Product.State.DRAFT)

    @action(description=_("Archive"))
    def archive(self, request: HttpRequest, rows: QuerySet) -> None:
        self._move(request, rows, Product.State.ARCHIVED)

    @action(description=_("Change prices"))
    def reprice(self, request: HttpRequest, rows: QuerySet) -> HttpResponse | None:
        form = answered(request, PriceForm)
        if not form.is_valid():
            sample = Variant.objects.active().filter(product__in=rows).select_related("product")
            return ask(
                self,
                request,
                rows,
                form,
                action="reprice",
                title=gettext("Change prices"),
                button=gettext("Change prices"),
                template="admin/catalog/product/reprice.html",
                context={"sample": sample.order_by("product", "position")[:5]},
            )
        try:
            count = repricing.reprice(products=rows, change=form.change())
        except Refusal as refusal:
            messages.error(request, refusal.message)
        else:
            messages.success(request, gettext("%(count)d prices changed.") % {"count": count})
        return None

    @action(description=_("Export as CSV"))
    def export_csv(self, request: HttpRequest, rows: QuerySet) -> HttpResponse:
        response = HttpResponse(content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="products.csv"'
        writer = csv.writer(response)
        writer.writerow(COLUMNS)
        variants = Variant.objects.managed_by(request.user, self.duty).filter(product__in=rows)
        ordered = variants.select_related("product", "stock").order_by("product", "position")
        for variant in ordered.iterator(chunk_size=500):
            writer.writerow([guarded(cell) for cell in _cells(variant)])
        return response

    def _move(self, request: HttpRequest, rows: QuerySet, state: str) -> None:
        moved = list(rows.exclude(state=state))
        for product in moved:
            STEPS[state](product)
            self.log_change(request, product, [{"changed": {"fields": ["state"]}}])
        if moved:
            messages.success(
                request, gettext("%(count)d products changed.") % {"count": len(moved)}
            )

    def _has_several_shops(self, request: HttpRequest) -> bool:
        # The admin asks for the filters of a list twice.
        if not hasattr(request, "_has_several_shops"):
            request._has_several_shops = self._shops(request).count() > 1
        return request._has_several_shops

    def _shops(self, request: HttpRequest) -> QuerySet:
        return Shop.objects.managed_by(request.user, self.duty)


STEPS = {
    Product.State.PUBLISHED: listing.publish_product,
    Product.State.DRAFT: listing.unpublish_product,
    Product.State.ARCHIVED: listing.archive_product,
}


@admin.register(Category, site=seller_site)
class CategoryChoices(ReadOnly, admin.ModelAdmin):
    """Only what the category field of the form asks for; no pages of its own."""

    search_fields = ["name", "full_name"]
    ordering = ["path"]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Category | None = None) -> bool:
        is_autocomplete = request.path == reverse(f"{self.admin_site.name}:autocomplete")
        return is_autocomplete and self.admin_site.has_permission(request)


def thumbnail(image: ProductImage) -> str:
    if not image.fallback:
        return NO_PICTURE
    return format_html(
        '<img class="mf-thumb" src="{}" alt="{}" width="48" height="48" loading="lazy">',
        image.url(160),
        image.alt,
    )


def _cells(variant: Variant) -> list[object]:
    product, item = variant.product, variant.stock_item
    price = str(Money(variant.price_minor, variant.currency)).split(" ")[0]
    stock = [item.on_hand, item.available] if item else ["", ""]
    return [
        product.handle,
        product.title,
        product.get_state_display(),
        variant.label,
        variant.sku,
        price,
        variant.currency,
        *stock,
    ]
