"""The rules every format's products obey: distinct variants, SKUs, pictures, lengths."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from django.utils.translation import gettext as _

from catalog.services.importing import limits
from catalog.services.importing.drafts import ImageDraft, ProductDraft, VariantDraft
from catalog.services.importing.reading import Notes, Reading
from catalog.services.importing.rows import Row
from catalog.services.importing.texts import slug_of


def assemble(
    draft: ProductDraft, rows: Sequence[Row], reading: Reading, notes: Notes
) -> ProductDraft | None:
    """The finished draft, or None (with every error noted) where it can't be a product."""
    first = rows[0]
    has_bad_rows = any(issue.severity == "error" for issue in notes.issues)
    is_sound = _is_sound(draft, first, reading, notes)
    variants = _distinct(draft.variants, rows, notes)
    if not variants and not has_bad_rows:
        notes.error(first, "no_variant", _("The product has nothing that could be sold."))
    if not variants or not is_sound:
        return None
    images = _gallery(draft.images, variants, first, notes)
    shown = {image.url for image in images}
    return replace(
        draft,
        slug=draft.slug or slug_of(draft.title),
        variants=tuple(
            replace(own, image_url=own.image_url if own.image_url in shown else "")
            for own in (_own_sku(variant, rows, reading, notes) for variant in variants)
        ),
        images=images,
        tags=_at_most(limits.MAX_TAGS, _short_tags(draft.tags), "tags", first, notes),
        attributes=_at_most(
            limits.MAX_ATTRIBUTES, _said_once(draft.attributes), "attributes", first, notes
        ),
        issues=tuple(notes.issues),
    )


def _is_sound(draft: ProductDraft, first: Row, reading: Reading, notes: Notes) -> bool:
    """Whether the product itself, its variants apart, can be one."""
    is_sound = True
    if reading.has("title") and not draft.title:
        notes.error(first, "no_title", _("The product has no title."), "title")
        is_sound = False
    if len(draft.options) > limits.MAX_OPTIONS:
        message = _("The product has %(count)d options; a product here has at most %(most)d.")
        message %= {"count": len(draft.options), "most": limits.MAX_OPTIONS}
        notes.error(first, "too_many_options", message)
        is_sound = False
    return is_sound


def row_of(variant: VariantDraft, rows: Sequence[Row]) -> Row:
    return next(row for row in rows if row.record == variant.record)


def _distinct(
    variants: Iterable[VariantDraft], rows: Sequence[Row], notes: Notes
) -> list[VariantDraft]:
    """A second variant with the same choice can't be told from the first."""
    kept: dict[tuple[str, ...], VariantDraft] = {}
    for variant in variants:
        choice = tuple(value.casefold() for value in variant.options)
        if choice in kept:
            message = _("The variant repeats the choice of record %(record)d.")
            message %= {"record": kept[choice].record}
            notes.error(row_of(variant, rows), "repeated_variant", message)
        elif len(kept) >= limits.MAX_VARIANTS:
            message = _("A product has at most %(most)d variants.")
            message %= {"most": limits.MAX_VARIANTS}
            notes.error(row_of(variant, rows), "too_many_variants", message)
        else:
            kept[choice] = variant
    return list(kept.values())


def _own_sku(
    variant: VariantDraft, rows: Sequence[Row], reading: Reading, notes: Notes
) -> VariantDraft:
    """A SKU is one variant's in a shop: the first keeps it, later ones go without."""
    if not variant.sku:
        return variant
    if variant.sku in reading.skus:
        message = _("The SKU %(sku)s is already another variant's; this one goes without.")
        notes.warn(row_of(variant, rows), "repeated_sku", message % {"sku": variant.sku}, "sku")
        return replace(variant, sku="")
    reading.skus.add(variant.sku)
    return variant


def _gallery(
    images: Iterable[ImageDraft], variants: Iterable[VariantDraft], row: Row, notes: Notes
) -> tuple[ImageDraft, ...]:
    """Every address once, the first text that goes with it, variants' own pictures last."""
    found: dict[str, ImageDraft] = {}
    for image in [*images, *(ImageDraft(v.image_url) for v in variants if v.image_url)]:
        known = found.get(image.url)
        if known is None or (image.alt and not known.alt):
            found[image.url] = image
    return _at_most(limits.MAX_IMAGES, tuple(found.values()), "images", row, notes)


def _short_tags(tags: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tag[: limits.MAX_TAG].strip() for tag in tags))


def _said_once(attributes: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    pairs = (
        (name[: limits.MAX_ATTRIBUTE_NAME].strip(), value[: limits.MAX_ATTRIBUTE_VALUE].strip())
        for name, value in attributes
    )
    return tuple(dict.fromkeys((name, value) for name, value in pairs if name and value))


def _at_most(most: int, values: tuple, what: str, row: Row, notes: Notes) -> tuple:
    if len(values) > most:
        message = _("Only the first %(most)d of %(count)d were kept.")
        notes.warn(row, f"too_many_{what}", message % {"most": most, "count": len(values)}, what)
    return values[:most]
