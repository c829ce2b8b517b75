"""VAT inside gross prices."""

from __future__ import annotations

from django.db.models import CharField, DateField
from django.utils.timezone import localdate

from carts.models import TaxRate
from marketflow.core.compiled import CompiledQuery

_in_force = CompiledQuery(TaxRate.objects.in_force, country=CharField(), day=DateField())


def rates(country: str) -> dict[str, int]:
    """The rates in force in `country` today: tax class to basis points.

    A country without a rate bears none.
    """
    # Oldest first: the latest day that has come wins.
    found = _in_force.list(country=country, day=localdate())
    return {rate.tax_class: rate.basis_points for rate in found}


def included(gross_minor: int, basis_points: int) -> int:
    """The VAT inside `gross_minor`: gross × rate ÷ (1 + rate), rounded half up to a minor unit."""
    whole = 10_000 + basis_points
    return (2 * gross_minor * basis_points + whole) // (2 * whole)
