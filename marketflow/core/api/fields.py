"""Fields that several apps' serializers share."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from typing import Any

from django.conf import settings
from django_countries import serializer_fields
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from marketflow.core.money import Money

MOST_MINOR = 10**12


def _money(**bounds: int) -> dict[str, Any]:
    """For the reference."""
    return {
        "type": "object",
        "required": ["amount", "currency"],
        "properties": {
            "amount": {"type": "integer", "format": "int64", **bounds, "examples": [1999]},
            "currency": {"type": "string", "minLength": 3, "maxLength": 3, "examples": ["EUR"]},
        },
    }


PRICE = _money(minimum=0, maximum=MOST_MINOR)


@extend_schema_field(_money())
class MoneyField(serializers.Field):
    """`{"amount": 1250, "currency": "EUR"}`: minor units, never a float. For answers."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("read_only", True)
        super().__init__(**kwargs)

    def to_representation(self, value: Money) -> dict[str, Any]:
        return {"amount": value.amount, "currency": value.currency}

    def require_shape(self, data: Any) -> None:
        """Both of its parts and no other, whatever they hold. Raises ValidationError."""
        if not isinstance(data, dict) or set(data) != {"amount", "currency"}:
            raise serializers.ValidationError("Send {amount, currency}.")

    def to_internal_value(self, data: Any) -> Money:
        self.require_shape(data)
        amount, currency = data["amount"], data["currency"]
        if isinstance(amount, bool) or not isinstance(amount, int) or abs(amount) >= 2**53:
            raise serializers.ValidationError("The amount is a whole number of minor units.")
        if not isinstance(currency, str) or len(currency) != 3:
            raise serializers.ValidationError("The currency is an ISO 4217 code.")
        return Money(amount, currency)


@extend_schema_field(PRICE)
class PriceField(MoneyField):
    """A price as a shop sets it: of 0 or more, in the currency of the marketplace."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**({"read_only": False} | kwargs))

    def to_internal_value(self, data: Any) -> Money:
        price = super().to_internal_value(data)
        if not 0 <= price.amount <= MOST_MINOR:
            raise serializers.ValidationError(f"From 0 to {MOST_MINOR} minor units.")
        if price.currency != settings.MARKETPLACE_CURRENCY:
            raise serializers.ValidationError(f"Prices are in {settings.MARKETPLACE_CURRENCY}.")
        return price


class WholeNumberField(serializers.IntegerField):
    """A JSON number without a fraction: not "1", not 1.0, not true."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return super().to_internal_value(data)


class ChoiceField(serializers.ChoiceField):
    """One of several words, which a refusal names."""

    def to_internal_value(self, data: Any) -> Any:
        try:
            return super().to_internal_value(data)
        except serializers.ValidationError as problem:
            raise serializers.ValidationError(one_of(self.choices)) from problem


def one_of(choices: Iterable[Any]) -> str:
    """What to say to a word that is none of `choices`."""
    return f"One of {', '.join(map(str, choices))}."


@extend_schema_field(
    {"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d$", "examples": ["22:00"]}
)
class ClockField(serializers.TimeField):
    """Hours and minutes, without seconds and zone: not what JSON Schema calls a time."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="%H:%M", input_formats=["%H:%M"], **kwargs)


class CountryField(serializer_fields.CountryField):
    """An ISO 3166-1 code."""

    def __deepcopy__(self, memo: dict) -> CountryField:
        # Serializers copy their fields for each request, and a copy would sort 249 names anew.
        return copy(self)


class StrictSerializer(serializers.Serializer):
    """Input that names every field it takes: one it does not know is an error."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            self._refuse_unknown(data)
            self._refuse_numbers(data)
        return super().to_internal_value(data)

    def require_shape(self, data: Any) -> None:
        """Which fields there are, here and within, whatever they hold. Raises ValidationError."""
        if not isinstance(data, dict):
            raise serializers.ValidationError({"non_field_errors": ["Send an object."]})
        self._refuse_unknown(data)
        needed = (name for name, field in self.fields.items() if field.required)
        if missing := sorted(set(needed) - set(data)):
            raise serializers.ValidationError(dict.fromkeys(missing, ["This field is required."]))
        problems = {name: _shape_problem(self.fields[name], data[name]) for name in data}
        if wrong := {name: problem for name, problem in problems.items() if problem}:
            raise serializers.ValidationError(wrong)

    def _refuse_numbers(self, data: dict[str, Any]) -> None:
        wrong = [name for name, value in data.items() if _is_number(self.fields[name], value)]
        if wrong:
            raise serializers.ValidationError(dict.fromkeys(wrong, ["Not a valid string."]))

    def _refuse_unknown(self, data: dict[str, Any]) -> None:
        if unknown := sorted(set(data) - set(self.fields)):
            raise serializers.ValidationError(dict.fromkeys(unknown, ["Unknown field."]))


def _shape_problem(field: serializers.Field, value: Any) -> Any:
    """What is wrong with the fields of objects in `value`. What is none is a value like others."""
    if isinstance(field, serializers.ListSerializer):
        is_read = isinstance(value, list) and len(value) <= field.max_length
        problems = [_shape_problem(field.child, item) for item in value] if is_read else []
        return problems if any(problems) else {}
    if isinstance(field, StrictSerializer | MoneyField) and isinstance(value, dict):
        try:
            field.require_shape(value)
        except serializers.ValidationError as problem:
            return problem.detail
    return {}


def _is_number(field: serializers.Field, value: Any) -> bool:
    """Whether a JSON number stands where a text belongs, which DRF would make one of."""
    if isinstance(field, serializers.ListField) and isinstance(value, list):
        return any(_is_number(field.child, one) for one in value)
    if isinstance(field, serializers.DictField) and isinstance(value, dict):
        return any(_is_number(field.child, one) for one in value.values())
    is_text = isinstance(field, serializers.CharField | serializers.UUIDField)
    return is_text and isinstance(value, int | float) and not isinstance(value, bool)


class Nothing(StrictSerializer):
    """A body without a field."""
