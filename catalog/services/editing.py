"""Making and changing products: the rules that hold whoever asks, a page or a program.

Everything here locks the product first, so that its variants are changed by one at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import IO, Any
from uuid import uuid4

from django.db import IntegrityError, transaction
from django.db.models import Max, ProtectedError
from django.utils.translation import gettext_lazy as _

from accounts.models import Shop
from catalog.models import Product, ProductAttribute, ProductImage, Variant
from catalog.services import inventory, listing, pictures
from catalog.services.pictures.refusals import TooMany
from marketflow.core.errors import Refusal
from marketflow.core.html import clean_html
from marketflow.core.money import Money

MOST_VARIANTS = 250
MOST_PICTURES = 20
OPTION_COLUMNS = ("option1", "option2", "option3")
# What this module writes of a variant. Its stock is the inventory's.
VARIANT_COLUMNS = (
    *OPTION_COLUMNS, "sku", "price_minor", "compare_at_minor", "currency", "weight_grams",
    "barcode", "needs_shipping", "is_active", "position",
)  # fmt: skip
State = Product.State


class SkuTaken(Refusal):
    code = "sku_taken"
    message = _("Another variant of the shop has this SKU.")


class SameOptions(Refusal):
    code = "variant_exists"
    message = _("Another variant of the product has the same options.")


class WrongOptions(Refusal):
    """`options` are the names that the product has; each needs a value, and there are no more."""

    code = "wrong_options"
    message = _("Name a value for each option of the product, and no other.")


class OptionInUse(Refusal):
    code = "option_in_use"
    message = _("Variants of the product have a value for an option that this would remove.")


class FormerPriceTooLow(Refusal):
    code = "former_price_too_low"
    message = _("The former price must be above the price.")


class NothingToSell(Refusal):
    code = "nothing_to_sell"
    message = _("A published product needs a variant for sale. Add one, or keep a draft.")


class TooManyVariants(Refusal):
    code = "too_many_variants"
    message = _("The product has as many variants as it can hold.")


@transaction.atomic
def create_product(
    *,
    shop: Shop,
    title: str,
    state: str = State.DRAFT,
    option_names: Sequence[str] = (),
    attributes: Iterable[Mapping[str, str]] = (),
    variants: Iterable[Mapping[str, Any]] = (),
    **fields: Any,
) -> Product:
    """A new product of `shop`. `fields` are columns of Product, `variants` as for `add_variant`.

    Raises the refusals of this module. Publishes `ProductChanged`.
    """
    product = Product(shop=shop, title=title, **_cleaned(fields))
    _name_options(product, option_names)
    _save_under_free_slug(product)
    _say(product, attributes)
    for variant in variants:
        _add(product, **variant)
    _finish(product, state)
    return product


@transaction.atomic
def change_product(
    *,
    product: Product,
    state: str | None = None,
    option_names: Sequence[str] | None = None,
    attributes: Iterable[Mapping[str, str]] | None = None,
    **fields: Any,
) -> Product:
    """Change what is named, and nothing else; the address stays. Attributes are replaced.

    Locks the product. Raises `OptionInUse`, `NothingToSell`. Publishes `ProductChanged`.
    """
    product = _locked(product)
    for name, value in _cleaned(fields).items():
        setattr(product, name, value)
    changed = list(fields)
    if option_names is not None:
        _require_unused(product, len(option_names))
        _name_options(product, option_names)
        changed += [f"{column}_name" for column in OPTION_COLUMNS]
    product.save(update_fields=changed)
    if attributes is not None:
        product.attributes.all().delete()
        _say(product, attributes)
    _finish(product, state or product.state)
    return product


@transaction.atomic
def add_variant(*, product: Product, **values: Any) -> Variant:
    """A further variant: `price`, `options` by name, `on_hand` where its stock is counted, …

    Locks the product. Raises `WrongOptions`, `SameOptions`, `SkuTaken`, `FormerPriceTooLow`,
    `TooManyVariants`. Publishes `ProductChanged`.
    """
    product = _locked(product)
    variant = _add(product, **values)
    _finish(product, product.state)
    return variant


@transaction.atomic
def change_variant(
    *,
    variant: Variant,
    options: Mapping[str, str] | None = None,
    on_hand: int | None = None,
    **values: Any,
) -> Variant:
    """Change what is named. `on_hand` is a count of the shelf, which begins or corrects it.

    Locks the product. Raises what `add_variant` does, and `BelowAllocated`, `NothingToSell`.
    Publishes `ProductChanged`.
    """
    product = _locked(variant.product)
    variant = product.variants.select_related("stock").get(pk=variant.pk)
    variant.product = product
    _write(variant, values)
    if options is not None:
        _choose(variant, options)
    _save(variant)
    if on_hand is not None:
        _count(variant, on_hand)
    _finish(product, product.state)
    return variant


@transaction.atomic
def remove_variant(*, variant: Variant) -> None:
    """Delete it, or take it off sale where orders or stock movements name it.

    Locks the product. Raises `NothingToSell`. Publishes `ProductChanged`.
    """
    product = _locked(variant.product)
    try:
        with transaction.atomic():
            product.variants.get(pk=variant.pk).delete()
    except ProtectedError:
        product.variants.filter(pk=variant.pk).update(is_active=False)
    _finish(product, product.state)


def archive_product(*, product: Product) -> None:
    """Take it off sale for good; orders keep naming it. Publishes `ProductChanged`."""
    listing.archive_product(product)


def add_picture(*, product: Product, file: IO[bytes], alt: str = "") -> ProductImage:
    """A further picture, at the end. Raises the refusals of `services.pictures`.

    Opens no transaction around the decoding, which takes its time. Publishes `ProductChanged`.
    """
    if product.images.count() >= MOST_PICTURES:
        raise TooMany
    image = pictures.add_picture(product=product, file=file, alt=alt)
    listing.refresh([product])
    return image


# --- inside


def _locked(product: Product) -> Product:
    return Product.objects.select_for_update().get(pk=product.pk)


def _cleaned(fields: dict[str, Any]) -> dict[str, Any]:
    if "description" in fields:
        fields["description"] = clean_html(fields["description"])
    return fields


def _save_under_free_slug(product: Product) -> None:
    """Two products of one title at the same moment: who comes second takes the next address."""
    product.slug = listing.free_slug(product.title)
    try:
        with transaction.atomic():
            product.save(force_insert=True)
    except IntegrityError:
        product.slug = listing.free_slug(product.title)
        product.save(force_insert=True)


def _name_options(product: Product, names: Sequence[str]) -> None:
    padded = [*names, "", "", ""]
    for column, name in zip(OPTION_COLUMNS, padded, strict=False):
        setattr(product, f"{column}_name", name)


def _require_unused(product: Product, kept: int) -> None:
    for column in OPTION_COLUMNS[kept:]:
        if product.variants.exclude(**{column: ""}).exists():
            raise OptionInUse(option=getattr(product, f"{column}_name"))


def _say(product: Product, attributes: Iterable[Mapping[str, str]]) -> None:
    said = dict.fromkeys((attribute["name"], attribute["value"]) for attribute in attributes)
    ProductAttribute.objects.bulk_create(
        ProductAttribute(product=product, position=position, name=name, value=value)
        for position, (name, value) in enumerate(said)
    )


def _add(
    product: Product,
    *,
    options: Mapping[str, str] | None = None,
    on_hand: int | None = None,
    **values: Any,
) -> Variant:
    if product.variants.count() >= MOST_VARIANTS:
        raise TooManyVariants
    last = product.variants.aggregate(last=Max("position"))["last"]
    variant = Variant(product=product, position=0 if last is None else last + 1)
    _write(variant, values)
    _choose(variant, options or {})
    _save(variant)
    if on_hand is not None:
        inventory.track(variant, on_hand)
    return variant


def _write(variant: Variant, values: dict[str, Any]) -> None:
    price: Money | None = values.pop("price", None)
    if price is not None:
        variant.price_minor, variant.currency = price.amount, price.currency
    if "compare_at_price" in values:
        former: Money | None = values.pop("compare_at_price")
        variant.compare_at_minor = former and former.amount
    for name, value in values.items():
        setattr(variant, name, value)
    if variant.compare_at_minor is not None and variant.compare_at_minor <= variant.price_minor:
        raise FormerPriceTooLow(**_which(variant))


def _which(variant: Variant) -> dict[str, Any]:
    """What tells a variant from its neighbours: one without a SKU has its place, from 0."""
    return {"sku": variant.sku, "position": variant.position}


def _choose(variant: Variant, options: Mapping[str, str]) -> None:
    product = variant.product
    names = [getattr(product, f"{column}_name") for column in OPTION_COLUMNS]
    if set(options) != {name for name in names if name}:
        raise WrongOptions(options=product.option_names, **_which(variant))
    chosen = {
        column: options.get(name, "") for column, name in zip(OPTION_COLUMNS, names, strict=True)
    }
    if product.variants.filter(**chosen).exclude(pk=variant.pk).exists():
        raise SameOptions(options=dict(options), **_which(variant))
    for column, value in chosen.items():
        setattr(variant, column, value)


def _save(variant: Variant) -> None:
    rivals = Variant.objects.filter(shop=variant.product.shop_id, sku=variant.sku)
    if variant.sku and rivals.exclude(pk=variant.pk).exists():
        raise SkuTaken(sku=variant.sku)
    try:
        with transaction.atomic():
            variant.save(update_fields=VARIANT_COLUMNS if variant.pk else None)
    except IntegrityError:
        # Another product of the shop took it in this very moment.
        raise SkuTaken(sku=variant.sku) from None


def _count(variant: Variant, on_hand: int) -> None:
    if variant.stock_item is None:
        inventory.track(variant, on_hand)
    else:
        inventory.count(variant.stock_item, on_hand, key=f"edit:{uuid4().hex}")


def _finish(product: Product, state: str) -> None:
    """Bring lists up to date, and take the step to `state` now that the variants are there."""
    if state == State.PUBLISHED and not product.variants.active().exists():
        raise NothingToSell
    if state == product.state:
        listing.refresh([product])
    elif state == State.PUBLISHED:
        listing.publish_product(product)
    else:
        listing.unpublish_product(product)
