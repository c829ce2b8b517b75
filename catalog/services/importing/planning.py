"""Comparing a draft with what the shop has. Writes nothing.

A file's word counts for the fields it speaks of, and for nothing else: columns it lacks, variants
and pictures it does not name stay as they are. Nothing is ever deleted by an import.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from catalog.models import Product, Variant
from catalog.services.drafting import address_of
from catalog.services.importing.categories import Categories
from catalog.services.importing.drafts import ProductDraft, RowIssue, Severity, VariantDraft
from catalog.services.importing.limits import MAX_URL
from catalog.services.importing.matching import (
    Known,
    aligned,
    match_variants,
    padded,
    picture_at,
    plain_url,
)
from catalog.services.importing.plans import Fields, PicturePlan, ProductPlan, VariantPlan

# The draft's field, and the product's.
PRODUCT_FIELDS = {
    "title": "title",
    "description_html": "description",
    "brand": "brand",
    "status": "state",
    "listed": "is_listed",
    "tax_class": "tax_class",
    "condition": "condition",
    "seo_title": "seo_title",
    "seo_description": "seo_description",
}
VARIANT_FIELDS = {
    "sku": "sku",
    "barcode": "barcode",
    "price_minor": "price_minor",
    "compare_at_minor": "compare_at_minor",
    "weight_grams": "weight_grams",
    "requires_shipping": "needs_shipping",
}


class Planner:
    """One run's view: which fields the file speaks of, and the market's categories."""

    def __init__(self, fields: frozenset[str], categories: Categories) -> None:
        self.fields = fields
        self.categories = categories

    def plan(self, draft: ProductDraft, known: Known) -> ProductPlan:
        product = known.products.get(draft.key)
        plan = ProductPlan(aligned(draft, product), product, issues=list(draft.issues))
        if plan.product is None and not draft.title:
            return _refused(plan, "no_title", _("A new product needs a title."), "title")
        is_new = product is None or product.pk in known.taken_back
        plan.fields = self._product_fields(plan.draft, product, speaks_of_state=is_new)
        self._plan_category(plan)
        self._plan_attributes(plan)
        self._plan_pictures(plan)
        self._plan_variants(plan, known)
        if plan.product is None and not plan.variants:
            return _refused(plan, "no_variant", _("Nothing of the product could be sold."))
        return plan

    def _product_fields(
        self, draft: ProductDraft, product: Product | None, *, speaks_of_state: bool
    ) -> Fields:
        wanted = {
            column: _plain(getattr(draft, name))
            for name, column in PRODUCT_FIELDS.items()
            if product is None or name in self.fields or (speaks_of_state and name == "status")
        }
        if product is None or "tags" in self.fields:
            wanted["tags"] = list(draft.tags)
        if product is None or "options" in self.fields:
            names = padded(draft.options)
            wanted |= {f"option{n}_name": name for n, name in enumerate(names, 1)}
        return _differences(wanted, product)

    def _plan_category(self, plan: ProductPlan) -> None:
        draft = plan.draft
        if not draft.categories and draft.google_category is None:
            return
        plan.category = self.categories.find(draft)
        if plan.category is None:
            path = draft.categories[0] if draft.categories else ()
            if not path or not self.categories.may_make(path):
                message = _("The market has no category like this; the product was given none.")
                _remark(plan, Severity.WARNING, "unknown_category", message, "categories")
                return
            plan.new_category = path
        old = plan.product.category if plan.product else None
        if plan.category is None or plan.category != old:
            new = plan.category.full_name if plan.category else " > ".join(plan.new_category)
            plan.fields["category"] = [old.full_name if old else "", new]

    def _plan_attributes(self, plan: ProductPlan) -> None:
        if plan.product and "attributes" not in self.fields:
            return
        old = [(a.name, a.value) for a in plan.product.attributes.all()] if plan.product else []
        if old != list(plan.draft.attributes):
            plan.attributes = [old, list(plan.draft.attributes)]

    def _plan_pictures(self, plan: ProductPlan) -> None:
        if plan.product and not {"images", "image_url"} & self.fields:
            return
        existing = list(plan.product.images.all()) if plan.product else []
        for position, draft in enumerate(plan.draft.images):
            url = plain_url(draft.url)
            if len(url) > MAX_URL:
                message = _("A picture's address is too long; it was left out.")
                _remark(plan, Severity.WARNING, "long_address", message, "images")
                continue
            image = picture_at(url, existing)
            picture = PicturePlan(url, draft.alt, position, image)
            if image:
                # A text that the shop wrote here is better than none.
                wanted = {"position": position} | ({"alt": draft.alt} if draft.alt else {})
                picture.fields = _differences(wanted, image)
            plan.pictures.append(picture)

    def _plan_variants(self, plan: ProductPlan, known: Known) -> None:
        drafts = [self._with_own_sku(plan, draft, known) for draft in plan.draft.variants]
        existing: list[Variant | None] = [None] * len(drafts)
        if plan.product:
            by_options = "options" in self.fields or not any(any(d.options) for d in drafts)
            existing = match_variants(plan.product, drafts, by_options=by_options)
        after = _next_position(plan.product)
        for draft, variant in zip(drafts, existing, strict=True):
            if variant is None and draft.price_minor is None:
                message = _("A new variant needs a price.")
                _remark(plan, Severity.ERROR, "no_price", message, "price", draft)
                continue
            planned = self._variant(plan, draft, variant)
            planned.position = after
            after += variant is None
            plan.variants.append(planned)

    def _with_own_sku(self, plan: ProductPlan, draft: VariantDraft, known: Known) -> VariantDraft:
        owner = known.sku_owners.get(draft.sku)
        if owner is None or (plan.product and owner == plan.product.pk):
            return draft
        message = _("The SKU %(sku)s belongs to another product of the shop; it was left out.")
        message %= {"sku": draft.sku}
        _remark(plan, Severity.WARNING, "sku_taken", message, "sku", draft)
        return replace(draft, sku="")

    def _variant(
        self, plan: ProductPlan, draft: VariantDraft, variant: Variant | None
    ) -> VariantPlan:
        wanted = {
            column: getattr(draft, name)
            for name, column in VARIANT_FIELDS.items()
            if variant is None or name in self.fields
        }
        if variant is None or "options" in self.fields:
            columns = zip(("option1", "option2", "option3"), padded(draft.options), strict=True)
            wanted |= dict(columns)
        if wanted.get("price_minor") is None:
            wanted.pop("price_minor", None)
        else:
            wanted["currency"] = draft.currency
        if variant and not wanted.get("sku") and variant.sku and _sku_was_dropped(plan, draft):
            wanted.pop("sku", None)
        self._keep_former_price_above(wanted, variant)
        planned = VariantPlan(draft, variant, _differences(wanted, variant))
        self._plan_picture(plan, planned)
        _plan_stock(plan, planned, self.fields)
        return planned

    def _keep_former_price_above(self, wanted: dict[str, Any], variant: Variant | None) -> None:
        price = wanted.get("price_minor", variant.price_minor if variant else None)
        former = wanted.get("compare_at_minor", variant.compare_at_minor if variant else None)
        if former is not None and price is not None and former <= price:
            wanted["compare_at_minor"] = None

    def _plan_picture(self, plan: ProductPlan, planned: VariantPlan) -> None:
        url = plain_url(planned.draft.image_url)
        picture = next((p for p in plan.pictures if url and p.url == url), None)
        if picture is None:
            return
        old = planned.variant.image if planned.variant else None
        if old is None or old != picture.image:
            planned.picture_url = url
            planned.fields["image"] = [address_of(old) if old else "", url]


def _plan_stock(plan: ProductPlan, planned: VariantPlan, fields: frozenset[str]) -> None:
    """The file's figure counts when it is new. One that the last file said too leaves alone what
    was sold since."""
    draft, variant = planned.draft, planned.variant
    item = variant.stock_item if variant else None
    if not draft.tracked:
        if item and "tracked" in fields and variant.imported_quantity is not None:
            message = _("The file no longer counts this variant's stock; the market still does.")
            _remark(plan, Severity.WARNING, "still_tracked", message, "tracked", draft)
        return
    if item is None:
        planned.opens_with = draft.quantity or 0
        planned.remembers = draft.quantity
    elif draft.quantity is not None and draft.quantity != variant.imported_quantity:
        planned.remembers = draft.quantity
        if draft.quantity != item.on_hand:
            planned.counts = (item.on_hand, draft.quantity)


def _differences(wanted: dict[str, Any], row: object | None) -> Fields:
    if row is None:
        return {name: [None, value] for name, value in wanted.items()}
    return {
        name: [old, value]
        for name, value in wanted.items()
        if (old := getattr(row, name)) != value
    }


def _plain(value: Any) -> Any:
    return value.value if hasattr(value, "value") else value


def _next_position(product: Product | None) -> int:
    positions = [variant.position for variant in product.variants.all()] if product else []
    return max(positions, default=-1) + 1


def _sku_was_dropped(plan: ProductPlan, draft: VariantDraft) -> bool:
    """Whether the SKU is blank because of a remark, and not because the file says so."""
    codes = {"sku_taken", "repeated_sku"}
    return any(issue.code in codes and issue.record == draft.record for issue in plan.issues)


def _refused(plan: ProductPlan, code: str, message: str, column: str = "") -> ProductPlan:
    _remark(plan, Severity.ERROR, code, message, column)
    plan.is_refused = True
    return plan


def _remark(
    plan: ProductPlan,
    severity: Severity,
    code: str,
    message: str,
    column: str = "",
    draft: VariantDraft | None = None,
) -> None:
    record = draft.record if draft else plan.draft.records[0]
    plan.issues.append(
        RowIssue(
            record=record, line=0, severity=severity, code=code, message=message, column=column
        )
    )
