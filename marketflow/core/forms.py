"""How every form of the market is rendered, and how it speaks."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms.renderers import TemplatesSetting
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _


class FormRenderer(TemplatesSetting):
    """`{{ field.as_field_group }}` gives the field component, in every form and app."""

    field_template_name = "components/_field.html"


class PlainSpeech:
    """A mixin for forms: errors say what to do in the words of the label.

    "Enter your postcode", where Django would say "This field is required."
    """

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            _speak_plainly(field)


def _speak_plainly(field: forms.Field) -> None:
    said = field.default_error_messages.get("required", forms.Field.default_error_messages)
    if field.error_messages.get("required") in (
        said,
        forms.Field.default_error_messages["required"],
    ):
        field.error_messages["required"] = _what_to_do(field)
    if isinstance(field, forms.EmailField):
        hint = _("Enter an e-mail address like name@example.org")
        field.error_messages["invalid"] = hint
