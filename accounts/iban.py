"""Numbers of bank accounts (ISO 13616): how people write them, and whether they can be right."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

_FORM = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")


def plain(text: str) -> str:
    """Without the blanks and hyphens between its groups, in capitals."""
    return re.sub(r"[\s\-]", "", text).upper()


def is_possible(iban: str) -> bool:
    """Whether the check digits of a plain `iban` fit the rest of it (mod 97)."""
    if not _FORM.fullmatch(iban):
        return False
    turned = iban[4:] + iban[:4]
    # A letter counts as two digits: A is 10, Z is 35.
    return int("".join(str(int(sign, 36)) for sign in turned)) % 97 == 1


def validate(iban: str) -> None:
    if not is_possible(iban):
        raise ValidationError(_("Check the IBAN: its check digits do not fit."), code="iban")
