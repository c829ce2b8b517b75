"""What `checkout_doctor` looks for, and how it heals: one query and one repair each."""

from __future__ import annotations

from marketflow.management.diagnoses.diagnosis import Case, Diagnosis
from marketflow.management.diagnoses.errands import ERRANDS
from marketflow.management.diagnoses.money import MONEY
from marketflow.management.diagnoses.stock import STOCK

__all__ = ["DIAGNOSES", "Case", "Diagnosis"]

DIAGNOSES: list[Diagnosis] = [*MONEY, *STOCK, *ERRANDS]
