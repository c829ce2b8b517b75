"""What is for sale, who sells it, and how many are left."""

from catalog.models.category import Category
from catalog.models.importing import ImportJob, ImportRow
from catalog.models.picture import ProductImage
from catalog.models.product import Product, ProductAttribute, TaxClass, Variant
from catalog.models.recommendation import Recommendation
from catalog.models.search import SearchMiss, Synonym
from catalog.models.stock import StockItem, StockMovement

__all__ = [
    "Category",
    "ImportJob",
    "ImportRow",
    "Product",
    "ProductAttribute",
    "ProductImage",
    "Recommendation",
    "SearchMiss",
    "StockItem",
    "StockMovement",
    "Synonym",
    "TaxClass",
    "Variant",
]
