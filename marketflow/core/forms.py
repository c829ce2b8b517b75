"""How every form of the market is rendered."""

from __future__ import annotations

from django.forms.renderers import TemplatesSetting


class FormRenderer(TemplatesSetting):
    """`{{ field.as_field_group }}` gives the field component, in every form and app."""

    field_template_name = "components/_field.html"
