"""Which variant of a product somebody means, and what the other choices would come to."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from catalog.models import Product, Variant

PREFIX = "option."


@dataclass(frozen=True)
class Value:
    """One value of an option: what it would come to, with the other choices as they are."""

    text: str
    is_chosen: bool
    is_made: bool
    is_sold_out: bool


@dataclass(frozen=True)
class Option:
    name: str
    field: str
    values: list[Value]


@dataclass(frozen=True)
class Choice:
    """`variant` is None where nothing is made in the combination that was chosen."""

    variant: Variant | None
    options: list[Option]


def choice_of(product: Product, data: Mapping[str, str]) -> Choice:
    """What an address or a form chooses: `v` names the variant, else `option.<name>` its values.

    Without either it is the first variant that can be had. Reads `product.offers`.
    """
    wanted = chosen_values(product, data)
    variant = _named(product, data.get("v", ""))
    if variant is None and wanted:
        variant = _with_values(product, wanted)
    if variant is None and not wanted:
        variant = next((v for v in product.offers if v.level != "out"), None)
        variant = variant or next(iter(product.offers), None)
    if variant:
        wanted = _values_of(product, variant)
    return Choice(variant, [_option(product, name, wanted) for name in product.option_names])


def chosen_values(product: Product, data: Mapping[str, str]) -> dict[str, str]:
    """The options that `data` names, where it names all of them."""
    found = {name: data.get(PREFIX + name, "") for name in product.option_names}
    return found if all(found.values()) else {}


def variant_with(product: Product, data: Mapping[str, str]) -> Variant | None:
    """The variant whose options `data` names, if it names them and there is one."""
    wanted = chosen_values(product, data)
    return _with_values(product, wanted) if wanted else None


def posted(variant: Variant, data: Mapping[str, str]) -> Variant | None:
    """The variant that a form means whose options may have changed since it was rendered.

    Without JavaScript the options say what was chosen, and `variant` what was shown. None where
    nothing is made in that combination. Costs a query where options are named, else none.
    """
    product = variant.product
    wanted = chosen_values(product, data)
    if not wanted or wanted == _values_of(product, variant):
        return variant
    variants = product.variants.active().select_related("product__shop", "image")
    return next((one for one in variants if _values_of(product, one) == wanted), None)


def _named(product: Product, text: str) -> Variant | None:
    try:
        wanted = uuid.UUID(text)
    except ValueError:
        return None
    return next((variant for variant in product.offers if variant.uuid == wanted), None)


def _with_values(product: Product, wanted: Mapping[str, str]) -> Variant | None:
    return next((v for v in product.offers if _values_of(product, v) == wanted), None)


def _values_of(product: Product, variant: Variant) -> dict[str, str]:
    places = ((product.option1_name, variant.option1), (product.option2_name, variant.option2))
    places += ((product.option3_name, variant.option3),)
    return {name: value for name, value in places if name}


def _option(product: Product, name: str, chosen: Mapping[str, str]) -> Option:
    texts = dict.fromkeys(_values_of(product, variant)[name] for variant in product.offers)
    values = []
    for text in filter(None, texts):
        variant = _with_values(product, {**chosen, name: text})
        is_out = variant is None or variant.level == "out"
        values.append(Value(text, chosen.get(name) == text, variant is not None, is_out))
    return Option(name, PREFIX + name, values)
