"""Many items in one body, each with a result of its own.

Which fields an item has is the same mistake in all of them, and refuses the body. A value that
does not fit is one item's: it is told beside the results of the others, which are done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from marketflow.core.api.exceptions import INVALID, texts

CODE = "invalid"


@dataclass(frozen=True)
class Unread:
    """An item of which a value does not fit: what it was, and what is wrong with which field."""

    item: dict[str, Any]
    fields: dict[str, Any]

    @property
    def sku(self) -> str:
        named = self.item.get("sku")
        return named if isinstance(named, str) else ""

    @property
    def told(self) -> dict[str, Any]:
        """What every result says of a refusal."""
        told = {"status": "refused", "code": CODE, "detail": INVALID}
        return {"sku": self.sku, **told, "fields": self.fields}


class RefusedFields(serializers.DictField):
    """Of a result."""

    def __init__(self) -> None:
        super().__init__(help_text="With `invalid`: what is wrong, field by field.")


class EachByItself(serializers.ListSerializer):
    """Items of a StrictSerializer. Raises ValidationError where none of them can be read."""

    def to_internal_value(self, data: Any) -> list[dict[str, Any] | Unread]:
        # Of too many nothing is read: that they are is said below.
        if isinstance(data, list) and len(data) <= self.max_length:
            _refuse_any(data, self.child.require_shape)
        items = super().to_internal_value(data)
        if all(isinstance(item, Unread) for item in items):
            raise ValidationError([item.fields for item in items])
        return items

    def run_child_validation(self, data: Any) -> dict[str, Any] | Unread:
        try:
            return super().run_child_validation(data)
        except ValidationError as problem:
            return Unread(data, texts(problem.detail))


def _refuse_any(items: list[Any], check: Callable[[Any], None]) -> None:
    problems: list[Any] = []
    for item in items:
        try:
            check(item)
            problems.append({})
        except ValidationError as problem:
            problems.append(problem.detail)
    if any(problems):
        raise ValidationError(problems)
