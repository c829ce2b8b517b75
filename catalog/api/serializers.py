"""The catalogue as programs get it."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from catalog.models import Category, Product, ProductImage, Variant
from marketflow.core.addresses import whole
from marketflow.core.api.answers import answer
from marketflow.core.api.fields import MoneyField


class CategoryLinkSerializer(serializers.ModelSerializer):
    class Meta:
        model = Category
        fields = ["slug", "name"]
        read_only_fields = fields


class CategoryLeafSerializer(CategoryLinkSerializer):
    """Two levels below the root; what lies below it is on its own page."""

    has_children = serializers.SerializerMethodField()

    class Meta(CategoryLinkSerializer.Meta):
        fields = ["slug", "name", "has_children"]
        read_only_fields = fields

    def get_has_children(self, category: Category) -> bool:
        return category.numchild > 0


class CategoryBranchSerializer(CategoryLeafSerializer):
    children = CategoryLeafSerializer(many=True, source="loaded_children")

    class Meta(CategoryLeafSerializer.Meta):
        fields = ["slug", "name", "has_children", "children"]
        read_only_fields = fields


class CategoryTreeSerializer(CategoryLeafSerializer):
    """A root with two levels below it."""

    children = CategoryBranchSerializer(many=True, source="loaded_children")

    class Meta(CategoryLeafSerializer.Meta):
        fields = ["slug", "name", "has_children", "children"]
        read_only_fields = fields


class CategorySerializer(CategoryLinkSerializer):
    ancestors = CategoryLinkSerializer(many=True, help_text="From the root down.")
    children = CategoryLeafSerializer(many=True, source="loaded_children")

    class Meta(CategoryLinkSerializer.Meta):
        fields = ["slug", "name", "description", "ancestors", "children"]
        read_only_fields = fields


class ShopLinkSerializer(serializers.Serializer):
    slug = serializers.CharField()
    name = serializers.CharField()


class StockSerializer(serializers.Serializer):
    """`available` is told only where few are left."""

    level = serializers.ChoiceField(choices=["in", "low", "out"])
    available = serializers.IntegerField(required=False)

    def to_representation(self, variant: Variant) -> dict[str, Any]:
        level = variant.level
        return {"level": level} | ({"available": variant.available} if level == "low" else {})


class RatingSerializer(serializers.Serializer):
    average = serializers.DecimalField(
        max_digits=3, decimal_places=2, source="rating_average", coerce_to_string=False
    )
    count = serializers.IntegerField(source="rating_count")


class PictureSourceSerializer(serializers.Serializer):
    type = serializers.CharField()
    srcset = serializers.CharField()


class PictureSerializer(serializers.ModelSerializer):
    """`url` is a JPEG that everything can show; `sources` are smaller files in several widths."""

    id = serializers.UUIDField(source="uuid")
    url = serializers.SerializerMethodField()
    sources = serializers.SerializerMethodField()

    class Meta:
        model = ProductImage
        fields = ["id", "alt", "width", "height", "url", "sources"]
        read_only_fields = fields

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, image: ProductImage) -> str:
        return whole(image.fallback_url)

    @extend_schema_field(PictureSourceSerializer(many=True))
    def get_sources(self, image: ProductImage) -> list[dict[str, str]]:
        return [{"type": kind, "srcset": _whole_set(srcset)} for kind, srcset in image.sources]


def _whole_set(srcset: str) -> str:
    return ", ".join(map(whole, srcset.split(", ")))


class AttributeSerializer(serializers.Serializer):
    name = serializers.CharField()
    value = serializers.CharField()


class VariantSerializer(serializers.ModelSerializer):
    id = serializers.UUIDField(source="uuid")
    options = serializers.DictField(child=serializers.CharField())
    price = MoneyField()
    compare_at_price = MoneyField(allow_null=True)
    stock = StockSerializer(source="*")

    class Meta:
        model = Variant
        fields = ["id", "sku", "options", "price", "compare_at_price", "stock"]
        read_only_fields = fields


class OwnVariantSerializer(VariantSerializer):
    """A variant as its shop sees it. `on_hand` is null where stock is not counted."""

    on_hand = serializers.SerializerMethodField()
    allocated = serializers.SerializerMethodField()

    class Meta(VariantSerializer.Meta):
        fields = [
            *VariantSerializer.Meta.fields,
            "on_hand",
            "allocated",
            "weight_grams",
            "barcode",
            "needs_shipping",
            "is_active",
            "position",
        ]
        read_only_fields = fields

    def get_on_hand(self, variant: Variant) -> int | None:
        return variant.stock_item.on_hand if variant.stock_item else None

    def get_allocated(self, variant: Variant) -> int | None:
        return variant.stock_item.allocated if variant.stock_item else None


class ProductSummarySerializer(serializers.ModelSerializer):
    """A product in a list. Reads what `with_card_data` loads."""

    shop = ShopLinkSerializer()
    price = serializers.SerializerMethodField(help_text="Of the cheapest variant.")
    compare_at_price = serializers.SerializerMethodField()
    has_several_prices = serializers.SerializerMethodField()
    stock = serializers.SerializerMethodField()
    rating = RatingSerializer(source="*")
    image = serializers.SerializerMethodField()

    class Meta:
        model = Product
        fields = [
            "slug",
            "title",
            "brand",
            "shop",
            "price",
            "compare_at_price",
            "has_several_prices",
            "stock",
            "rating",
            "image",
        ]
        read_only_fields = fields

    @extend_schema_field(MoneyField(allow_null=True))
    def get_price(self, product: Product) -> dict[str, Any] | None:
        cheapest = _cheapest(product)
        return MoneyField().to_representation(cheapest.price) if cheapest else None

    @extend_schema_field(MoneyField(allow_null=True))
    def get_compare_at_price(self, product: Product) -> dict[str, Any] | None:
        cheapest = _cheapest(product)
        former = cheapest and cheapest.compare_at_price
        return MoneyField().to_representation(former) if former else None

    def get_has_several_prices(self, product: Product) -> bool:
        return len({variant.price_minor for variant in product.active_variants}) > 1

    @extend_schema_field(serializers.ChoiceField(choices=["in", "low", "out"]))
    def get_stock(self, product: Product) -> str:
        """The level of the variant there is most of."""
        levels = {variant.level for variant in product.active_variants}
        return next((level for level in ("in", "low") if level in levels), "out")

    @extend_schema_field(PictureSerializer(allow_null=True))
    def get_image(self, product: Product) -> dict[str, Any] | None:
        shown = product.shown_images
        return answer(PictureSerializer, shown[0]) if shown else None


class ProductSerializer(serializers.ModelSerializer):
    """Reads what `with_page_data` loads."""

    shop = ShopLinkSerializer()
    category = CategoryLinkSerializer(allow_null=True)
    option_names = serializers.ListField(child=serializers.CharField())
    attributes = AttributeSerializer(many=True)
    variants = serializers.SerializerMethodField()
    images = serializers.SerializerMethodField()
    rating = RatingSerializer(source="*")

    class Meta:
        model = Product
        fields = [
            "slug",
            "title",
            "description",
            "brand",
            "shop",
            "category",
            "tags",
            "condition",
            "option_names",
            "attributes",
            "variants",
            "images",
            "rating",
            "published_at",
        ]
        read_only_fields = fields

    @extend_schema_field(VariantSerializer(many=True))
    def get_variants(self, product: Product) -> list[dict[str, Any]]:
        variants = _of(product, product.active_variants)
        return [answer(VariantSerializer, variant) for variant in variants]

    @extend_schema_field(PictureSerializer(many=True))
    def get_images(self, product: Product) -> list[dict[str, Any]]:
        return [answer(PictureSerializer, image) for image in product.shown_images]


class OwnProductSerializer(ProductSerializer):
    """A product as its shop sees it: drafts, variants off sale, and how many there are."""

    class Meta(ProductSerializer.Meta):
        fields = [
            *ProductSerializer.Meta.fields,
            "state",
            "is_listed",
            "tax_class",
            "seo_title",
            "seo_description",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields

    @extend_schema_field(OwnVariantSerializer(many=True))
    def get_variants(self, product: Product) -> list[dict[str, Any]]:
        variants = getattr(product, "all_variants", None)
        if variants is None:
            variants = product.variants(manager="objects").select_related("stock")
        return [answer(OwnVariantSerializer, variant) for variant in _of(product, variants)]


class SuggestionsSerializer(serializers.Serializer):
    """As one types: what begins so. `picture` may be a drawing, and a path of this site."""

    class Named(serializers.Serializer):
        slug = serializers.CharField()
        name = serializers.CharField()

    class Titled(serializers.Serializer):
        slug = serializers.CharField()
        title = serializers.CharField()
        picture = serializers.CharField()

    categories = Named(many=True)
    shops = Named(many=True)
    products = Titled(many=True)


def _cheapest(product: Product) -> Variant | None:
    return min(product.active_variants, key=lambda variant: variant.price_minor, default=None)


def _of(product: Product, variants: Any) -> list[Variant]:
    """`variants` with their product at hand, which their options are named by."""
    variants = list(variants)
    for variant in variants:
        variant.product = product
    return variants
