"""What a run says about itself: the figures, the rows kept of it, differences in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Protocol

from django.conf import settings

from catalog.models import ImportJob, ImportRow
from catalog.services.importing.apply import Done
from catalog.services.importing.drafts import RowIssue, Severity
from catalog.services.importing.plans import Outcome, ProductPlan
from marketflow.core.prices import from_minor

COUNTED = (
    "rows", "products", "variants", "images", "created", "updated", "unchanged",
    "skipped", "warnings", "errors",
    "price_minor", "quantity", "tracked",
)  # fmt: skip
BY_SEVERITY = {
    Severity.SKIPPED: "skipped",
    Severity.WARNING: "warnings",
    Severity.ERROR: "errors",
}


class Listener(Protocol):
    """Somebody who watches a run."""

    def progress(self, done: int, total: int) -> None: ...

    def product(self, done: Done) -> None: ...

    def issue(self, issue: RowIssue, handle: str = "") -> None: ...


class Silence:
    """Nobody watches."""

    def progress(self, done: int, total: int) -> None:
        """Not shown."""

    def product(self, done: Done) -> None:
        """Not shown."""

    def issue(self, issue: RowIssue, handle: str = "") -> None:
        """Not shown."""


def count(counts: Counter[str], done: Done) -> None:
    """Add one product of the file to the figures."""
    if done.outcome == Outcome.ERROR:
        return
    plan = done.plan
    counts["products"] += 1
    counts[done.outcome] += 1
    counts["variants"] += len(plan.variants)
    counts["images"] += len(plan.pictures)
    for planned in plan.variants:
        counts["price_minor"] += planned.draft.price_minor or 0
        counts["quantity"] += planned.draft.quantity or 0
        counts["tracked"] += planned.draft.tracked


def row_of_product(job: ImportJob, done: Done) -> ImportRow | None:
    """What is kept of a product. A refused one has its reason among the issues instead."""
    if done.outcome == Outcome.ERROR:
        return None
    return ImportRow(
        job=job,
        record=done.plan.draft.records[0],
        outcome=done.outcome.value,
        product=done.product,
        handle=done.plan.draft.key,
        changes=done.changes | {"words": list(differences(done.plan))},
    )


def row_of_issue(job: ImportJob, issue: RowIssue, handle: str, product) -> ImportRow:
    return ImportRow(
        job=job,
        record=issue.record,
        line=issue.line,
        outcome=issue.severity.value,
        column=issue.column[:120],
        code=issue.code[:60],
        message=issue.message,
        product=product,
        handle=handle,
    )


def differences(plan: ProductPlan) -> Iterator[list[str]]:
    """What would change, in words: (what, old, new). A new product is one difference."""
    if plan.product is None:
        return
    for name, (old, new) in plan.fields.items():
        yield [name, _text(name, old), _text(name, new)]
    if plan.attributes:
        yield [
            "attributes",
            *("; ".join(f"{n}: {v}" for n, v in pairs) for pairs in plan.attributes),
        ]
    for picture in plan.pictures:
        if picture.image is None:
            yield ["picture", "", picture.url]
        for name, (old, new) in picture.fields.items():
            yield [f"picture {name}", _text(name, old), _text(name, new)]
    for planned in plan.variants:
        label = planned.draft.sku or " / ".join(filter(None, planned.draft.options)) or "variant"
        if planned.variant is None:
            yield [label, "", "new"]
            continue
        for name, (old, new) in planned.fields.items():
            yield [f"{label} {name}", _text(name, old), _text(name, new)]
        if planned.counts:
            yield [f"{label} stock", *map(str, planned.counts)]
        if planned.opens_with is not None:
            yield [f"{label} stock", "not counted", str(planned.opens_with)]


def _text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name in ("price_minor", "compare_at_minor"):
        return f"{from_minor(value, settings.MARKETPLACE_CURRENCY):f}"
    text = ", ".join(value) if isinstance(value, list) else str(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
