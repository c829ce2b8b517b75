"""WooCommerce's product CSV: variations stand anywhere and name their parent by SKU or `id:20`.

A variation takes one row and is never multiplied: an attribute it leaves empty means "any". The
parent's attributes that its variations name become options, the others facts. Stock that is
counted for the whole product is shared out among its variations, so that the sum never exceeds
what is there. A sale price counts if its dates say so today; `now` is in the shop's own time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from django.utils.translation import gettext as _

from catalog.services.importing import limits
from catalog.services.importing.assembling import assemble
from catalog.services.importing.cells import read_images, read_line
from catalog.services.importing.drafts import ProductDraft, Status, TaxClass, VariantDraft
from catalog.services.importing.headers import header_word, unit_of, without_unit
from catalog.services.importing.parsing import Keys, Parser
from catalog.services.importing.reading import BadRow, Notes, Reading
from catalog.services.importing.rows import Row
from catalog.services.importing.texts import (
    mend,
    one_line,
    slug_of,
    split_list,
    split_path,
    unescape_breaks,
)
from catalog.services.importing.woocommerce_columns import (
    COLUMNS,
    FIELDS,
    IGNORED,
    attribute_column,
)
from catalog.services.importing.woocommerce_variants import read_variant, share_out
from marketflow.core.html import clean_loose_html

OWN_TYPES = ("simple", "variable")


class WooCommerce(Parser):
    name = "woocommerce"
    columns = COLUMNS
    fields = FIELDS
    required = (frozenset({"title"}), frozenset({"type"}))
    telling = frozenset({"visibility", "regular", "parent", "in_stock", "tax_status", "published"})
    learns = True

    def __init__(self, titles: Iterable[str]) -> None:
        super().__init__(titles)
        self.weight_unit = next(
            (unit_of(title) for title in self.titles if self.name_of(title) == "weight"), "kg"
        )
        self._keys = Keys()
        self._parents: dict[str, str] = {}

    @classmethod
    def name_of(cls, title: str) -> str | None:
        if header_word(title).startswith("meta") and ":" in title:
            return None
        known = cls.columns.get(header_word(title))
        return (
            known or attribute_column(title) or cls.columns.get(header_word(without_unit(title)))
        )

    def field_names(self) -> frozenset[str]:
        if any(name.startswith("name:") for name in self.has):
            return super().field_names() | {"options", "attributes"}
        return super().field_names()

    def unread(self) -> list[str]:
        return [title for title in self.titles if title and not self._is_understood(title)]

    def _is_understood(self, title: str) -> bool:
        word = header_word(without_unit(title))
        ours = word in IGNORED or word.startswith(("meta", "download", "attribut", "atributo"))
        return ours or "eigenschap" in word or self.name_of(title) is not None

    def learn(self, row: Row) -> None:
        """Note every row that others can name as their parent, and give it a key of its own."""
        if _kind(row) == "variation":
            return
        key = self._keys.give(row.record, *_wishes(row))
        for reference in (one_line(row["sku"]), f"id:{one_line(row['id'])}"):
            if reference not in ("", "id:"):
                self._parents.setdefault(reference, key)
                self._parents.setdefault(reference.casefold(), key)

    def key_of(self, row: Row) -> str:
        if _kind(row) != "variation":
            return self._keys.of(row.record, *_wishes(row))
        parent = one_line(row["parent"])
        found = self._parents.get(parent) or self._parents.get(parent.casefold())
        return found or f"?{row.record}"

    def product(
        self, key: str, rows: list[Row], reading: Reading, notes: Notes
    ) -> ProductDraft | None:
        parent = next((row for row in rows if _kind(row) != "variation"), None)
        if parent is None or _kind(parent) not in OWN_TYPES:
            _report_unsold(parent, rows, notes)
            return None
        children = [row for row in rows if row is not parent]
        if _kind(parent) == "simple":
            for row in children:
                notes.error(row, "parent_not_variable", _("The row's parent is a simple product."))
            children = []
        children.sort(key=_place)
        names = _option_names(children)
        variants = list(self._variants(parent, children, names, reading, notes))
        draft = self._draft(key, parent, rows, notes)
        draft = replace(
            draft,
            options=names,
            attributes=_facts(parent, names),
            variants=tuple(share_out(variants, parent, children, notes)),
        )
        return assemble(draft, [parent, *children], reading, notes)

    def _draft(self, key: str, row: Row, rows: Sequence[Row], notes: Notes) -> ProductDraft:
        title = read_line(row, "title", limits.MAX_TITLE, notes)
        return ProductDraft(
            key=key,
            records=tuple(sorted(one.record for one in rows)),
            title=title,
            slug=slug_of(title),
            description_html=_description(row),
            brand=next(iter(split_list(row["brands"])), "")[: limits.MAX_BRAND],
            categories=tuple(split_path(path) for path in split_list(row["categories"])),
            tags=split_list(row["tags"]),
            status=_status(row),
            listed=one_line(row["visibility"]).casefold() != "hidden",
            tax_class=_tax_class(row),
            images=tuple(read_images(row, "images", notes)),
        )

    def _variants(
        self,
        parent: Row,
        children: Sequence[Row],
        names: Sequence[str],
        reading: Reading,
        notes: Notes,
    ) -> Iterator[VariantDraft]:
        for row in children or [parent]:
            if _kind(row) == "variable":
                notes.error(
                    row, "no_variations", _("No row in the file is one of its variations.")
                )
                return
            if row is not parent and one_line(row["published"]) in ("0", "-1"):
                notes.skip(row, "variation_off", _("The variation is switched off."))
                continue
            chosen = dict(_attributes(row))
            options = tuple(
                " ".join(chosen.get(name, ()))[: limits.MAX_OPTION_VALUE] for name in names
            )
            try:
                yield read_variant(row, parent, options, self.weight_unit, reading, notes)
            except BadRow as bad:
                notes.bad(row, bad)


def _kind(row: Row) -> str:
    """'simple, downloadable, virtual' is simple."""
    return one_line(row["type"]).casefold().partition(",")[0].strip() or "simple"


def _wishes(row: Row) -> tuple[str, ...]:
    number = one_line(row["id"])
    return (
        one_line(row["sku"])[: limits.MAX_KEY] or (f"id:{number}" if number else ""),
        f"id:{number}" if number else "",
        slug_of(row["title"]),
    )


def _place(row: Row) -> tuple[int, int]:
    position = one_line(row["position"])
    return (int(position) if position.isdecimal() and len(position) < 9 else 0, row.record)


def _report_unsold(parent: Row | None, rows: Iterable[Row], notes: Notes) -> None:
    """Say of each row why it leads to nothing."""
    reasons = {
        "grouped": _("A grouped product has no price and no stock of its own."),
        "external": _("An external product is sold elsewhere."),
    }
    kind = _kind(parent) if parent else ""
    for row in rows:
        if parent is None:
            message = _("The parent “%(parent)s” is not in the file.")
            notes.error(row, "no_parent", message % {"parent": one_line(row["parent"])}, "parent")
        elif kind in reasons:
            notes.skip(row, kind, reasons[kind], "type")
        else:
            message = _("Products of the type “%(kind)s” aren't sold here.")
            notes.skip(row, "unknown_type", message % {"kind": kind[:40]}, "type")


def _attributes(row: Row) -> Iterator[tuple[str, tuple[str, ...]]]:
    numbers = sorted(int(name[5:]) for name in row.cells if name.startswith("name:"))
    for number in numbers:
        if name := one_line(row[f"name:{number}"])[: limits.MAX_OPTION_NAME]:
            yield name, split_list(row[f"value:{number}"])


def _option_names(children: Iterable[Row]) -> tuple[str, ...]:
    """The attributes that variations name, in the order they first do."""
    return tuple(dict.fromkeys(name for row in children for name, _values in _attributes(row)))


def _facts(parent: Row, names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, value)
        for name, values in _attributes(parent)
        if name not in names
        for value in values
    )


def _description(row: Row) -> str:
    """The short text leads; where both say the same it stands once."""
    short, full = (
        clean_loose_html(unescape_breaks(mend(row[column]))) for column in ("short", "description")
    )
    return full if short == full else "\n".join(text for text in (short, full) if text)


def _status(row: Row) -> Status:
    return Status.DRAFT if one_line(row["published"]) in ("0", "-1") else Status.PUBLISHED


def _tax_class(row: Row) -> TaxClass:
    if one_line(row["tax_status"]).casefold() in ("none", "shipping"):
        return TaxClass.ZERO
    name = one_line(row["tax_class"]).casefold()
    if name.startswith("reduced"):
        return TaxClass.REDUCED
    return TaxClass.ZERO if name.startswith("zero") else TaxClass.STANDARD
