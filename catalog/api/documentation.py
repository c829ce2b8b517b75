"""What the reference says of lists of products, beyond what the serializers tell."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer
from rest_framework import serializers

from catalog.api.serializers import OwnProductSerializer, ProductSummarySerializer
from catalog.services.filters import MOST_PRICE, ORDERINGS
from marketflow.core.api import changes, pagination

PRICES = pagination.whole_numbers(0, most=MOST_PRICE)
LIST_PARAMETERS = [
    OpenApiParameter("q", OpenApiTypes.STR, description="Words to find."),
    OpenApiParameter("category", OpenApiTypes.STR, description="A slug; what lies below counts."),
    OpenApiParameter("shop", OpenApiTypes.STR, description="A slug.", many=True),
    OpenApiParameter("min_price", PRICES, description="In minor units."),
    OpenApiParameter("max_price", PRICES, description="In minor units."),
    OpenApiParameter("in_stock", OpenApiTypes.BOOL),
    OpenApiParameter(
        "min_rating", {"type": "number", "minimum": 0, "maximum": 5}, description="From 0 to 5."
    ),
    OpenApiParameter(
        "option.<name>",
        OpenApiTypes.STR,
        many=True,
        description="The value of an option, as in `option.Size=L`. Several values are "
        "alternatives; it holds on the same variant as price and stock.",
    ),
    OpenApiParameter("ordering", OpenApiTypes.STR, enum=list(ORDERINGS)),
    OpenApiParameter("facets", OpenApiTypes.INT, enum=[1], description="Count what is left."),
    *changes.PARAMETERS,
    *pagination.PARAMETERS,
]


class FacetValueSerializer(serializers.Serializer):
    value = serializers.CharField()
    label = serializers.CharField()
    count = serializers.IntegerField()
    is_chosen = serializers.BooleanField()


class FacetSerializer(serializers.Serializer):
    name = serializers.CharField(help_text="The parameter.")
    label = serializers.CharField()
    values = FacetValueSerializer(many=True)


class PriceRangeSerializer(serializers.Serializer):
    min_price = serializers.IntegerField(allow_null=True)
    max_price = serializers.IntegerField(allow_null=True)
    count = serializers.IntegerField()


class CategoryCountSerializer(serializers.Serializer):
    slug = serializers.CharField()
    name = serializers.CharField()
    count = serializers.IntegerField()


class FacetsSerializer(serializers.Serializer):
    categories = CategoryCountSerializer(many=True)
    prices = PriceRangeSerializer(many=True)
    filters = FacetSerializer(many=True)


class ProductPageSerializer(serializers.Serializer):
    """A page of products, and with `facets=1` how many each further filter would leave."""

    count = serializers.IntegerField()
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = ProductSummarySerializer(many=True)
    facets = FacetsSerializer(required=False)


class ChangedProductsSerializer(serializers.Serializer):
    """What `changed_since` asked for: products of the caller's shops, whole."""

    next = serializers.URLField(allow_null=True)
    changed_until = serializers.DateTimeField()
    results = OwnProductSerializer(many=True)


PRODUCT_LIST = PolymorphicProxySerializer(
    component_name="ProductList",
    serializers=[ProductPageSerializer, ChangedProductsSerializer],
    resource_type_field_name=None,
    many=False,
)
