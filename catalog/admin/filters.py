"""Filters of the sellers' lists."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Exists, F, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from catalog.models import ProductImage, StockItem, Variant
from catalog.models.stock import LOW


def short_of(most: int) -> QuerySet:
    """Items with at most `most` free units."""
    return StockItem.objects.filter(on_hand__lte=F("allocated") + most)


class StockFilter(admin.SimpleListFilter):
    title = _("stock")
    parameter_name = "stock"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple]:
        return [("out", _("Sold out")), ("low", _("Low or sold out")), ("free", _("Not counted"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        active = Variant.objects.active().filter(product=OuterRef("pk"))
        match self.value():
            case "out":
                return queryset.filter(Exists(active.filter(stock__in=short_of(0))))
            case "low":
                return queryset.filter(Exists(active.filter(stock__in=short_of(LOW))))
            case "free":
                return queryset.filter(Exists(active.filter(stock=None)))
        return queryset


class LevelFilter(admin.SimpleListFilter):
    title = _("stock")
    parameter_name = "level"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple]:
        return [("out", _("Sold out")), ("low", _("Low or sold out"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        most = {"out": 0, "low": LOW}.get(self.value())
        return queryset if most is None else queryset.filter(pk__in=short_of(most).values("pk"))


class PictureFilter(admin.SimpleListFilter):
    title = _("picture")
    parameter_name = "picture"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple]:
        return [("none", _("Without picture"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() == "none":
            return queryset.exclude(Exists(ProductImage.objects.filter(product=OuterRef("pk"))))
        return queryset
