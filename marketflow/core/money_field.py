"""Amounts in admin forms: people type "19.99", the column keeps 1999."""

from __future__ import annotations

from decimal import Decimal

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from marketflow.core.prices import from_minor, minor_digits, parse_price, to_minor

MOST_MINOR = 10**12


def is_amount(column: models.Field) -> bool:
    return isinstance(column, models.IntegerField) and column.name.endswith("_minor")


class MoneyField(forms.Field):
    """An amount in whole units and decimals of `currency`; its value is in minor units."""

    default_error_messages = {
        "invalid": _("Enter an amount such as %(example)s."),
        "too_fine": _("%(currency)s has %(digits)d decimals."),
        "negative": _("Enter an amount of 0 or more."),
        "too_large": _("This amount is too large."),
        "other_currency": _("Prices here are in %(currency)s."),
    }

    def __init__(self, *, currency: str = "", **kwargs: object) -> None:
        self.currency = currency or settings.MARKETPLACE_CURRENCY
        kwargs.setdefault("widget", UnfoldAdminTextInputWidget)
        super().__init__(**kwargs)
        # Not `type=number`: a browser would drop the comma of half the continent.
        self.widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}
        self.widget.attrs["class"] = f"{self.widget.attrs.get('class', '')} mf-amount"

    @classmethod
    def for_column(cls, column: models.Field) -> MoneyField:
        currency = settings.MARKETPLACE_CURRENCY
        return cls(
            label=f"{column.verbose_name[:1].upper()}{column.verbose_name[1:]}, {currency}",
            required=not column.blank,
            help_text=column.help_text,
            initial=column.default if column.has_default() else None,
        )

    def prepare_value(self, value: object) -> object:
        """Minor units as people write them; what was typed stays as it was typed."""
        if isinstance(value, int):
            return format(from_minor(value, self.currency), "f")
        return value

    def to_python(self, value: object) -> int | None:
        text = str(value or "").strip()
        if not text:
            return None
        price = parse_price(text, self.currency, alone=True)
        if price is None:
            example = format(from_minor(1999, self.currency), "f")
            raise self._refusal("invalid", example=example)
        if not price.may_be(self.currency):
            raise self._refusal("other_currency", currency=self.currency)
        return self._in_minor_units(price.amount)

    def has_changed(self, initial: object, data: object) -> bool:
        try:
            return self.to_python(data) != initial
        except ValidationError:
            return True

    def _in_minor_units(self, amount: Decimal) -> int:
        minor, was_rounded = to_minor(amount, self.currency)
        if was_rounded:
            digits = minor_digits(self.currency)
            raise self._refusal("too_fine", currency=self.currency, digits=digits)
        if minor < 0:
            raise self._refusal("negative")
        if minor > MOST_MINOR:
            raise self._refusal("too_large")
        return minor

    def _refusal(self, code: str, **facts: object) -> ValidationError:
        return ValidationError(self.error_messages[code], code=code, params=facts)
