"""Answers by serializers that are made once.

A serializer copies its fields, and those of all serializers within it, for every answer: that is
most of what a small answer costs.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from rest_framework.serializers import BaseSerializer


def answer(kind: type[BaseSerializer], thing: Any) -> dict[str, Any]:
    """As `kind(thing).data`. Not for serializers that look at their context, such as a request."""
    return _made_once(kind).to_representation(thing)


@cache
def _made_once(kind: type[BaseSerializer]) -> BaseSerializer:
    return kind()
