"""How every form of the market is rendered, and how it speaks."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import EmailValidator
from django.forms.renderers import TemplatesSetting
from django.utils.translation import gettext as _

DJANGO_SAYS = forms.Field.default_error_messages["required"]


class FormRenderer(TemplatesSetting):
    """`{{ field.as_field_group }}` gives the field component, in every form and app."""

    field_template_name = "components/_field.html"


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files in one field; its value is their list."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list:
        files = data if isinstance(data, list | tuple) else [data]
        return [super(FilesField, self).clean(file, initial) for file in files if file]


class PlainSpeech:
    """A mixin that stands before a form class: its errors say what to do, in the label's words.

    "Enter postcode", where Django would say "This field is required."
    """

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            if field.error_messages.get("required") == DJANGO_SAYS:
                field.error_messages["required"] = _what_to_do(field, field.label or name)
            if isinstance(field, forms.EmailField):
                field.validators = [EmailValidator(_("Enter an address like name@example.org"))]


def _what_to_do(field: forms.Field, label: str) -> str:
    words = {"label": _inside_a_sentence(str(label))}
    if isinstance(field, forms.BooleanField):
        return _("Tick “%(label)s”") % {"label": label}
    if isinstance(field, forms.ChoiceField):
        return _("Choose %(label)s") % words
    return _("Enter %(label)s") % words


def _inside_a_sentence(label: str) -> str:
    """Postcode becomes postcode, VAT number stays."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]
