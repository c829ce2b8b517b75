"""What happened, counted by day: sales, and how pages did in visitors' browsers."""

from analytics.models.sales import DailySales, OfShopsQuerySet, ProductTraffic
from analytics.models.vitals import PageVital, ScriptError

__all__ = ["DailySales", "OfShopsQuerySet", "PageVital", "ProductTraffic", "ScriptError"]
