"""What fields say: in the words of their label, and what to do instead of what is wrong."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

EMAIL_FORMAT = _("Enter an e-mail address like name@example.com")
TOO_LONG = _("Use at most %(limit_value)d characters")


def say(field: forms.Field, label: str = "", missing: str = "", hint: str = "", **attrs) -> None:
    """Give a field of another library our words, and its widget `attrs`."""
    if label:
        field.label = label
    field.help_text = hint
    field.widget.attrs.pop("placeholder", None)
    field.widget.attrs |= attrs
    if missing:
        field.error_messages["required"] = missing
    if isinstance(field, forms.EmailField):
        field.error_messages["invalid"] = EMAIL_FORMAT
    for validator in field.validators:
        if getattr(validator, "code", "") == "max_length":
            validator.message = TOO_LONG


def say_email(field: forms.Field, autocomplete: str = "email") -> None:
    say(
        field,
        label=_("E-mail address"),
        missing=_("Enter your e-mail address"),
        autocomplete=autocomplete,
        spellcheck="false",
        autocapitalize="none",
    )


def say_new_password(field: forms.Field, label: str) -> None:
    say(
        field,
        label=label,
        missing=_("Choose a password"),
        hint=_("At least 8 characters."),
        autocomplete="new-password",
    )
