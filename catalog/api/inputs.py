"""What sellers send about their products, field by field."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from catalog.models import Category, Product, TaxClass
from marketflow.core.api.fields import ChoiceField, PriceField, StrictSerializer, WholeNumberField

MOST_UNITS = 1_000_000
MOST_TAGS = 30
MOST_ATTRIBUTES = 50
MOST_VARIANTS_AT_ONCE = 100
STATES = [Product.State.DRAFT, Product.State.PUBLISHED]


class AttributeInput(StrictSerializer):
    name = serializers.CharField(max_length=60)
    value = serializers.CharField(max_length=200)


class OptionsField(serializers.DictField):
    """`{"Size": "L"}`: a value for each option of the product."""

    child = serializers.CharField(max_length=120)

    def to_internal_value(self, data: Any) -> dict[str, str]:
        options = super().to_internal_value(data)
        if len(options) > 3 or any("\x00" in name for name in options):
            raise serializers.ValidationError("At most three options, by name.")
        return options


class VariantFields(StrictSerializer):
    sku = serializers.CharField(max_length=64, allow_blank=True, required=False)
    price = PriceField()
    compare_at_price = PriceField(allow_null=True, required=False)
    options = OptionsField(required=False)
    on_hand = WholeNumberField(
        min_value=0,
        max_value=MOST_UNITS,
        required=False,
        help_text="Units on the shelf; left out, stock is not counted.",
    )
    weight_grams = WholeNumberField(
        min_value=0, max_value=10_000_000, allow_null=True, required=False
    )
    barcode = serializers.CharField(max_length=32, allow_blank=True, required=False)
    needs_shipping = serializers.BooleanField(required=False)
    is_active = serializers.BooleanField(required=False)


class VariantInput(VariantFields):
    """A new variant."""


class VariantChangeInput(VariantFields):
    position = WholeNumberField(min_value=0, max_value=1000, required=False)


class ProductFields(StrictSerializer):
    title = serializers.CharField(max_length=200)
    description = serializers.CharField(
        max_length=100_000, allow_blank=True, required=False, help_text="HTML, cleaned."
    )
    brand = serializers.CharField(max_length=120, allow_blank=True, required=False)
    category = serializers.SlugRelatedField(
        slug_field="slug", queryset=Category.objects.all(), allow_null=True, required=False
    )
    tags = serializers.ListField(
        child=serializers.CharField(max_length=60), max_length=MOST_TAGS, required=False
    )
    condition = ChoiceField(choices=Product.Condition.choices, required=False)
    tax_class = ChoiceField(choices=TaxClass.choices, required=False)
    state = ChoiceField(choices=STATES, required=False)
    is_listed = serializers.BooleanField(required=False)
    option_names = serializers.ListField(
        child=serializers.CharField(max_length=60), max_length=3, required=False
    )
    attributes = AttributeInput(many=True, max_length=MOST_ATTRIBUTES, required=False)
    seo_title = serializers.CharField(max_length=120, allow_blank=True, required=False)
    seo_description = serializers.CharField(max_length=320, allow_blank=True, required=False)

    def validate_option_names(self, names: list[str]) -> list[str]:
        if len(set(names)) < len(names):
            raise serializers.ValidationError("Each option has a name of its own.")
        return names

    def validate_tags(self, tags: list[str]) -> list[str]:
        return list(dict.fromkeys(tags))


class ProductInput(ProductFields):
    """A new product, with its variants if they are known."""

    shop = serializers.SlugField(max_length=90, help_text="One of the caller's.")
    variants = VariantInput(many=True, max_length=MOST_VARIANTS_AT_ONCE, required=False)


class ProductChangeInput(ProductFields):
    """Only what is sent is changed. Attributes are replaced as a whole."""


class PictureInput(StrictSerializer):
    file = serializers.FileField(help_text="JPEG, PNG or WebP.", allow_empty_file=True)
    alt = serializers.CharField(max_length=250, allow_blank=True, required=False, default="")
