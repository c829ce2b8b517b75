"""Which products a list request asks for: the filters of the pages, read strictly."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from catalog.models import Category, Product
from catalog.services import search
from catalog.services.counting import count_of
from catalog.services.facets import count_facets
from catalog.services.filters import ORDERINGS, Filters, read_filters
from marketflow.core.api.fields import one_of
from marketflow.core.api.pagination import Pages

EXPECTED = {
    "ordering": one_of(ORDERINGS),
    "condition": one_of(Product.Condition.values),
    "in_stock": one_of(["1", "0"]),
    "facets": one_of(["1"]),
    "category": "No such category.",
    "min_price": "A whole number of minor units.",
    "max_price": "A whole number of minor units.",
    "min_rating": "A number from 0 to 5.",
}
OTHER = "Not understood."


# Parameters by which a list is narrowed or sorted, besides the shop; and how others begin.
NARROWING = {"q", "category", "min_price", "max_price", "in_stock", "min_rating"}
NARROWING |= {"condition", "ships_from", "ordering", "facets"}
PREFIXES = ("option.", "attribute.")


def narrowing(request: Request) -> set[str]:
    """What `request` asks of a list of products, besides the shop."""
    named = {name for name in request.query_params if name.startswith(PREFIXES)}
    return named | NARROWING & set(request.query_params)


class ProductPages(Pages):
    """Pages of a list that may be as long as the catalogue."""

    class django_paginator_class(Paginator):  # noqa: N801
        @cached_property
        def count(self) -> int:
            return count_of(self.object_list)


@dataclass
class ProductList:
    """What is found by `q`, in the category, through the filters, in its order."""

    request: Request

    def __post_init__(self) -> None:
        asked = self.request.query_params
        self.filters = read_filters(asked, of_a_program=True)
        self.counts = asked.get("facets") == "1"
        wrong = set(self.filters.wrong)
        if "facets" in asked and not self.counts:
            wrong.add("facets")
        if wrong:
            raise ValidationError({name: [EXPECTED.get(name, OTHER)] for name in sorted(wrong)})
        self.found = search.find(self.request.query_params.get("q", ""), literally=False)

    @property
    def products(self) -> QuerySet:
        products = self.filters.narrow(self.found.among(Product.objects.listed()))
        if self.found.match and self.filters.ordering in ("", "relevance"):
            return self.found.by_relevance(products)
        return self.filters.sort(products)

    def facets(self) -> dict[str, Any]:
        """How many each further filter would leave. The category is the ground, not a filter."""
        facets = count_facets(self._ground, self._other_filters, key=self._key, depth=self._depth)
        return {
            "categories": self._categories(facets.below),
            "prices": [
                {
                    "min_price": preset.low_money and preset.low_money.amount,
                    "max_price": preset.high_money and preset.high_money.amount,
                    "count": preset.count,
                }
                for preset in facets.presets
            ],
            "filters": [
                {
                    "name": facet.name,
                    "label": facet.label,
                    "values": [
                        {
                            "value": value.value,
                            "label": value.label,
                            "count": value.count,
                            "is_chosen": value.is_chosen,
                        }
                        for value in facet.values
                    ],
                }
                for facet in facets.lists
            ],
        }

    @cached_property
    def _ground(self) -> QuerySet:
        products = self.found.among(Product.objects.listed())
        return products.in_category(self.filters.category) if self.filters.category else products

    @property
    def _other_filters(self) -> Filters:
        return replace(self.filters, category=None)

    @property
    def _depth(self) -> int:
        return self.filters.category.depth if self.filters.category else 0

    @property
    def _key(self) -> str:
        place = self.filters.category.path if self.filters.category else ""
        return f"api:{place}:{self.found.how}:{self.found.shown}"

    def _categories(self, below: dict[str, int]) -> list[dict[str, Any]]:
        named = Category.objects.filter(path__in=below).order_by("path")
        return [
            {"slug": category.slug, "name": category.name, "count": below[category.path]}
            for category in named
        ]
