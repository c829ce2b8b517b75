"""What an import means to do with one product: computed without writing, then carried out.

A plan holds differences as `{field: [old, new]}` in plain values, which is also how they are
kept in `ImportRow.changes`, shown to people and undone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from catalog.models import Category, Product, ProductImage, Variant
from catalog.services.importing.drafts import ProductDraft, RowIssue, VariantDraft

Fields = dict[str, list[Any]]


class Outcome(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    ERROR = "error"


@dataclass(slots=True)
class PicturePlan:
    """A picture of the draft. Without `image` it is new."""

    url: str
    alt: str
    position: int
    image: ProductImage | None = None
    fields: Fields = field(default_factory=dict)


@dataclass(slots=True)
class VariantPlan:
    """A variant of the draft. Without `variant` it is new."""

    draft: VariantDraft
    variant: Variant | None
    fields: Fields
    position: int = 0
    # The picture that the file names for it; None where it names none.
    picture_url: str = ""
    # Begin to count with so many units.
    opens_with: int | None = None
    # Set the shelf from what it was to what the file says.
    counts: tuple[int, int] | None = None
    # What the file said, to be remembered. No change that anybody sees.
    remembers: int | None = None

    @property
    def changes(self) -> bool:
        return bool(self.fields) or self.opens_with is not None or self.counts is not None


@dataclass(slots=True)
class ProductPlan:
    draft: ProductDraft
    product: Product | None
    fields: Fields = field(default_factory=dict)
    # The category found; or, as a path, the one to be made.
    category: Category | None = None
    new_category: tuple[str, ...] = ()
    attributes: list[list[tuple[str, str]]] | None = None
    variants: list[VariantPlan] = field(default_factory=list)
    pictures: list[PicturePlan] = field(default_factory=list)
    issues: list[RowIssue] = field(default_factory=list)
    # Why nothing can be done; then there is nothing else in the plan.
    is_refused: bool = False

    @property
    def outcome(self) -> Outcome:
        if self.is_refused:
            return Outcome.ERROR
        if self.product is None:
            return Outcome.CREATED
        return Outcome.UPDATED if self._has_changes else Outcome.UNCHANGED

    @property
    def _has_changes(self) -> bool:
        return bool(
            self.fields
            or self.attributes
            or any(plan.variant is None or plan.changes for plan in self.variants)
            or any(plan.image is None or plan.fields for plan in self.pictures)
        )

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to write at all."""
        return self.outcome == Outcome.UNCHANGED and all(
            plan.remembers is None for plan in self.variants
        )
