"""The product form: its tabs Basics, Photos and Variants."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.forms.models import BaseInlineFormSet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminTextInputWidget

from catalog.admin.counting import CountForm
from catalog.models import Product, ProductImage, StockItem, Variant
from catalog.services import pictures
from marketflow.core.html import clean_html

MOST_TAGS = 30
MOST_PICTURES = 20


class ProductForm(forms.ModelForm):
    tags = forms.CharField(
        label=_("Tags"),
        required=False,
        max_length=1000,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Words that people may search for, parted by commas."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["tags"] = ", ".join(self.instance.tags or [])

    def clean_tags(self) -> list[str]:
        words = [word.strip()[:60] for word in self.cleaned_data["tags"].split(",")]
        tags = list(dict.fromkeys(word for word in words if word))
        if len(tags) > MOST_TAGS:
            raise ValidationError(_("Use at most %(most)d tags."), params={"most": MOST_TAGS})
        return tags

    def clean_description(self) -> str:
        return clean_html(self.cleaned_data["description"])


class VariantForm(CountForm):
    def item(self) -> StockItem | None:
        return self.instance.stock_item if self.instance.pk else None

    @property
    def has_values(self) -> bool:
        """A row added and left blank is no variant."""
        return bool(self.instance.pk) or self.has_changed()

    def save(self, commit: bool = True) -> Variant:
        variant = self.instance
        if variant.pk is None:
            variant.currency = settings.MARKETPLACE_CURRENCY
            variant.save()
        else:
            columns = {field.name for field in Variant._meta.fields}
            changed = [name for name in self.changed_data if name in columns]
            if changed:
                variant.save(update_fields=changed)
        if self.has_count:
            self.count(variant)
        return variant


class VariantFormSet(BaseInlineFormSet):
    def clean(self) -> None:
        super().clean()
        filled = [form for form in self.forms if form.is_valid() and form.has_values]
        self._require_different_options(filled)
        self._require_free_skus(filled)
        self._require_something_to_sell(filled)

    def _require_different_options(self, forms: list[VariantForm]) -> None:
        taken = set()
        for form in forms:
            options = tuple(form.cleaned_data.get(f"option{n}", "") for n in (1, 2, 3))
            if options in taken:
                form.add_error("option1", gettext("Another variant has the same options."))
            taken.add(options)

    def _require_free_skus(self, forms: list[VariantForm]) -> None:
        times = Counter(form.cleaned_data.get("sku", "") for form in forms)
        # Of this shop and of no other: whether a rival uses a SKU is the rival's affair.
        elsewhere = set(
            Variant.objects.filter(shop=self.instance.shop_id, sku__in=list(times))
            .exclude(product=self.instance.pk)
            .values_list("sku", flat=True)
        )
        for form in forms:
            sku = form.cleaned_data.get("sku", "")
            if sku and sku in elsewhere:
                form.add_error("sku", gettext("Another product of the shop has this SKU."))
            elif sku and times[sku] > 1:
                form.add_error("sku", gettext("Two variants here have this SKU."))

    def _require_something_to_sell(self, forms: list[VariantForm]) -> None:
        for_sale = [form for form in forms if form.cleaned_data.get("is_active")]
        if self.instance.state == Product.State.PUBLISHED and not for_sale:
            raise ValidationError(
                _("A published product needs a variant for sale. Add one, or keep a draft.")
            )


class PictureForm(forms.ModelForm):
    upload = forms.FileField(
        label=_("File"),
        required=False,
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": "image/jpeg,image/png,image/webp"}),
    )

    class Meta:
        model = ProductImage
        fields = ["alt", "position"]

    def clean(self) -> dict[str, object]:
        data = super().clean()
        if self.instance.pk is None and self.has_changed() and not data.get("upload"):
            self.add_error("upload", gettext("Choose a file."))
        return data


class PictureFormSet(BaseInlineFormSet):
    """Files are taken in by the service, which says no for reasons of its own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.refused: list[tuple[str, str]] = []

    def clean(self) -> None:
        super().clean()
        kept = [form for form in self.forms if form not in self.deleted_forms]
        if sum(bool(form.instance.pk or form.has_changed()) for form in kept) > MOST_PICTURES:
            raise ValidationError(
                _("A product has at most %(most)d pictures."), params={"most": MOST_PICTURES}
            )

    def save_new(self, form: PictureForm, commit: bool = True) -> ProductImage:
        file, alt = form.cleaned_data["upload"], form.cleaned_data["alt"]
        position = form.cleaned_data["position"] if "position" in form.changed_data else None
        try:
            return pictures.add_picture(
                product=self.instance, file=file, alt=alt, position=position
            )
        except pictures.BadPicture as refusal:
            self.refused.append((file.name, str(refusal.message)))
            return form.instance

    def delete_existing(self, obj: ProductImage, commit: bool = True) -> None:
        pictures.remove_picture(obj)
