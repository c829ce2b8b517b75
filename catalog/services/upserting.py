"""Products as another system keeps them: what it names by SKU is made, changed, or left alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Shop
from catalog.models import Product, Variant
from catalog.services import editing
from marketflow.core.errors import Refusal
from marketflow.core.html import clean_html

OF_THE_VARIANT = ("price", "compare_at_price", "barcode", "weight_grams", "needs_shipping")


class TitleAndPriceNeeded(Refusal):
    code = "title_and_price_needed"
    message = _("A new product needs a title and a price.")


class Archived(Refusal):
    """Somebody took off sale what a nightly list still names, and must not see it return."""

    code = "archived"
    message = _("The product was taken off sale for good. Name its state to sell it again.")


@dataclass(frozen=True)
class Upserted:
    """`status` is `created`, `changed` or `unchanged`."""

    status: str
    variant: Variant


@transaction.atomic
def upsert(*, shop: Shop, sku: str, **values: Any) -> Upserted:
    """Make the product with `sku`, or change of it what is named and differs.

    `values` are those of `editing.create_product` and `editing.change_variant`; what belongs to
    the product is shared by its variants. Stock is no part of it: `stock_sync`. An archived
    product is changed by who names its `state`, which brings it back. Each is a unit of its own;
    nothing is written and nothing published where all is so already. Locks the product. Raises
    `TitleAndPriceNeeded`, `Archived` and the refusals of `editing`. Publishes `ProductChanged`.
    """
    of_variant = {name: values.pop(name) for name in OF_THE_VARIANT if name in values}
    rows = Variant.objects.filter(shop=shop, sku=sku).select_related("product__category")
    # Before it is read: nobody changes or archives it between the comparison and the writing.
    list(Product.objects.select_for_update().filter(pk__in=rows.values("product")).order_by("pk"))
    variant = rows.first()
    if variant is None:
        if "title" not in values or "price" not in of_variant:
            raise TitleAndPriceNeeded(sku=sku)
        product = editing.create_product(shop=shop, variants=[{"sku": sku} | of_variant], **values)
        return Upserted("created", product.variants.select_related("product").get())

    of_variant = _differing(variant, of_variant)
    of_product = _differing(variant.product, values)
    if not of_variant and not of_product:
        return Upserted("unchanged", variant)
    if variant.product.state == Product.State.ARCHIVED and "state" not in values:
        raise Archived(sku=sku)
    if of_variant:
        editing.change_variant(variant=variant, **of_variant)
    if of_product:
        editing.change_product(product=variant.product, **of_product)
    return Upserted("changed", rows.get())


def _differing(row: Product | Variant, values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value for name, value in values.items() if _current(row, name) != _kept(name, value)
    }


def _current(row: Product | Variant, name: str) -> Any:
    if name == "attributes":
        return list(row.attributes.values_list("name", "value"))
    return getattr(row, name)


def _kept(name: str, value: Any) -> Any:
    """As it would be kept."""
    if name == "description":
        return clean_html(value)
    if name == "attributes":
        return list(dict.fromkeys((one["name"], one["value"]) for one in value))
    return value
