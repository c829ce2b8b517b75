"""Where the document takes a number, and what is none: T6."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

Schema = dict[str, Any]

# As they are written in a JSON body. What the limits of a field decide is among `WHOLE`.
NO_JSON = ["NaN", "Infinity", "-Infinity"]
NO_NUMBERS = [
    "1e400", "0.5", "19.99", "1.0", "true", "false", '"1"', '" 1"', '"1 "', '"\\uff11"', '"one"',
    '""', "[]", "[1]", "{}",
]  # fmt: skip
NO_MONEY = [
    "0", "1999", "19.99", '"19.99"', '""', "[]", "{}", '{"amount": 1999}',
    '{"amount": 1999, "currency": "EUR", "tax": 1}', '{"amount": 1999, "currency": "XXX"}',
    '{"amount": 1999, "currency": null}',
]  # fmt: skip
# As they are written in an address.
NO_TEXTS = [
    "", " ", "NaN", "Infinity", "-Infinity", "1e400", "1e0", "0x1", "1_0", "true", "one", "null",
    " 1", "1 ", "1\u00a0", "\uff11", "\u0661", "+1", "--1", "[1]", "1,2",
]  # fmt: skip
FRACTIONS = ["0.5", "1.0", "1."]
WHOLE = [-(2**63), -1, 0, 2**31, 2**63, 10**12 + 1, 10**30]
HERE = "here"


@dataclass(frozen=True)
class Place:
    """Of a number, or of money, in a body or an address: the names that lead to it."""

    path: tuple[str, ...]
    schema: Schema
    may_be_null: bool

    @property
    def is_money(self) -> bool:
        return "currency" in self.schema.get("properties", {})

    @property
    def is_bounded(self) -> bool:
        """Whether the document says how small and how large it may be."""
        is_said = "enum" in self.schema or {"minimum", "maximum"} <= self.schema.keys()
        return self.is_money or is_said

    def allows(self, number: int) -> bool:
        choices = self.schema.get("enum", [number])
        smallest, largest = (self.schema.get(name, number) for name in ("minimum", "maximum"))
        return smallest <= number <= largest and number in choices

    def in_a_body(self) -> list[str]:
        """What may not stand here, as JSON."""
        if self.is_money:
            wrong = list(NO_MONEY)
        else:
            wrong = [*NO_JSON, *NO_NUMBERS, *self._out_of_bounds()]
        return wrong if self.may_be_null else [*wrong, "null"]

    def in_an_address(self) -> list[str]:
        fractions = FRACTIONS if self.schema["type"] == "integer" else []
        return [*NO_TEXTS, *fractions, *self._out_of_bounds()]

    def _out_of_bounds(self) -> list[str]:
        return [str(number) for number in WHOLE if not self.allows(number)]


@dataclass(frozen=True)
class Attempt:
    """What is sent in the place of a number that would do."""

    place: Place
    wrong: str
    body: str
    query: str = ""

    @property
    def names(self) -> str:
        """What the refusal has to name; blank where the body is no JSON at all."""
        return "" if self.wrong in NO_JSON and self.body else self.place.path[0]


def attempts(document: Schema, operation: Schema, body: Any) -> Iterator[Attempt]:
    """All that is wrong with an operation that `body` would do for."""
    for place in in_bodies(document, operation):
        for wrong in place.in_a_body():
            yield Attempt(place, wrong, _written(body, place, wrong))
    for place in in_addresses(document, operation):
        for wrong in place.in_an_address():
            yield Attempt(place, wrong, "", urlencode({place.path[0]: wrong}))


def in_bodies(document: Schema, operation: Schema) -> Iterator[Place]:
    for content in operation.get("requestBody", {}).get("content", {}).values():
        yield from _places(document, content["schema"], ())


def in_addresses(document: Schema, operation: Schema) -> Iterator[Place]:
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "query":
            yield from _places(document, parameter["schema"], (parameter["name"],))


def _places(
    document: Schema, schema: Schema, path: tuple[str, ...], *, may_be_null: bool = False
) -> Iterator[Place]:
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    kinds = [kind for way in ("allOf", "anyOf", "oneOf") for kind in schema.get(way, [])]
    may_be_null = may_be_null or "null" in types or {"type": "null"} in kinds
    for kind in kinds:
        yield from _places(document, kind, path, may_be_null=may_be_null)

    place = Place(path, schema, may_be_null)
    if place.is_money or {"integer", "number"} & set(types):
        yield place
    for name, inner in schema.get("properties", {}).items():
        yield from _places(document, inner, (*path, name))
    if "items" in schema:
        yield from _places(document, schema["items"], (*path, "[]"))


def _written(body: Any, place: Place, wrong: str) -> str:
    whole = deepcopy(body)
    inner = whole
    *way, last = place.path
    for name, following in zip(way, place.path[1:], strict=True):
        key = 0 if name == "[]" else name
        if following == "amount":
            inner[key] = {"amount": 1, "currency": "EUR"}
        inner = inner[key]
    inner[last] = HERE
    return json.dumps(whole).replace(json.dumps(HERE), wrong)
