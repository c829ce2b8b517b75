from __future__ import annotations

from django.db import models
from django.db.models import Exists, F, OuterRef, Prefetch, Q, prefetch_related_objects

from accounts.models import Shop

LISTED = (
    "title", "slug", "brand", "rating_average", "rating_count", "published_at", "shop__name",
    "shop__slug",
)  # fmt: skip
OFFERED = (
    "uuid", "product", "price_minor", "compare_at_minor", "currency", "is_active",
    "stock__on_hand", "stock__allocated",
)  # fmt: skip
PICTURED = (
    "uuid", "product", "alt", "state", "fallback", "width", "height", "sizes", "tint",
)  # fmt: skip


class ProductQuerySet(models.QuerySet):
    def published(self):
        """On sale in an open shop, whether it is in lists or only has its page."""
        return self.filter(state="published", shop__in=Shop.objects.open())

    def listed(self):
        """What lists, search and feeds may show."""
        return self.published().filter(is_listed=True)

    def managed_by(self, user, duty: str = ""):
        return self.filter(shop__in=Shop.objects.managed_by(user, duty))

    def visible_to(self, user):
        """Published products, plus those of shops `user` works for; staff see all."""
        if not user.is_authenticated:
            return self.published()
        if user.is_staff:
            return self
        own = Q(shop__in=Shop.objects.managed_by(user))
        return self.filter(Q(state="published", shop__in=Shop.objects.open()) | own)

    def in_category(self, category):
        """In `category` and everything below it, by one prefix of the path."""
        return self.filter(category__path__startswith=category.path)

    def in_stock(self):
        """With at least one variant that can be had now."""
        from catalog.models import Variant

        return self.filter(Exists(Variant.objects.in_stock().filter(product=OuterRef("pk"))))

    def with_card_data(self):
        """Load what `catalog/_product_card.html` reads."""
        return self.select_related("shop").prefetch_related(*_card_lookups())

    def lean(self):
        """Only the columns that cards and lists read; `load_listed` loads the rest of it."""
        return self.select_related("shop").only(*LISTED)

    def for_lists(self):
        """What `with_card_data` loads, without the columns that neither card nor list reads."""
        return self.lean().prefetch_related(*_list_lookups())

    def with_page_data(self):
        """Load what the product page and its API resource read."""
        return self.with_card_data().select_related("category").prefetch_related("attributes")

    def with_all_variants(self):
        """Load variants off sale too: what the shop itself reads of many products."""
        from catalog.models import Variant

        variants = Variant.objects.select_related("stock")
        return self.prefetch_related(Prefetch("variants", variants, to_attr="all_variants"))


def load_cards(products) -> None:
    """Give products that come from several querysets what their cards read, all at once."""
    prefetch_related_objects(products, *_card_lookups())


def load_listed(products) -> None:
    """As `load_cards`, for products that are only listed."""
    prefetch_related_objects(products, *_list_lookups())


def _card_lookups():
    return Prefetch("variants", _offers(), to_attr="active_variants"), _pictures()


def _list_lookups():
    offers = _offers().only(*OFFERED)
    return Prefetch("variants", offers, to_attr="active_variants"), _pictures()


def _offers():
    from catalog.models import Variant

    return Variant.objects.active().select_related("stock")


def _pictures():
    from catalog.models import ProductImage

    shown = ProductImage.objects.shown().only(*PICTURED)
    return Prefetch("images", shown, to_attr="shown_images")


class VariantQuerySet(models.QuerySet):
    def active(self):
        return self.filter(is_active=True)

    def for_sale(self):
        """Active, of a published product, in a shop that trades today."""
        trading = Shop.objects.trading()
        return self.active().filter(product__state="published", shop__in=trading)

    def in_stock(self):
        free = Q(stock__isnull=True) | Q(stock__on_hand__gt=F("stock__allocated"))
        return self.active().filter(free)

    def managed_by(self, user, duty: str = ""):
        return self.filter(shop__in=Shop.objects.managed_by(user, duty))

    def visible_to(self, user):
        from catalog.models import Product

        return self.filter(product__in=Product.objects.visible_to(user))

    def with_availability(self):
        """Load what tells whether it can be bought, and how many of it."""
        return self.select_related("product__shop", "stock")

    def uuids(self) -> list[str]:
        """The ids by which the world knows them."""
        return [str(uuid) for uuid in self.order_by("pk").values_list("uuid", flat=True)]


class StockItemQuerySet(models.QuerySet):
    def with_at_least(self, quantity: int):
        """Items of which `quantity` are still free: on_hand - allocated >= quantity."""
        return self.alias(free=F("on_hand") - F("allocated")).filter(free__gte=quantity)

    def managed_by(self, user, duty: str = ""):
        return self.filter(variant__shop__in=Shop.objects.managed_by(user, duty))


class StockMovementQuerySet(models.QuerySet):
    def managed_by(self, user, duty: str = ""):
        return self.filter(stock_item__variant__shop__in=Shop.objects.managed_by(user, duty))


class ProductImageQuerySet(models.QuerySet):
    def shown(self):
        """Those with something to draw; `ProductImage.is_shown` says the same of one."""
        return self.filter(state__in=["waiting", "ready"]).exclude(fallback="")

    def managed_by(self, user, duty: str = ""):
        return self.filter(product__shop__in=Shop.objects.managed_by(user, duty))


class ProductAttributeQuerySet(models.QuerySet):
    def managed_by(self, user, duty: str = ""):
        return self.filter(product__shop__in=Shop.objects.managed_by(user, duty))


class RecommendationQuerySet(models.QuerySet):
    def managed_by(self, user, duty: str = ""):
        return self.filter(product__shop__in=Shop.objects.managed_by(user, duty))


class ImportJobQuerySet(models.QuerySet):
    def managed_by(self, user, duty: str = ""):
        return self.filter(shop__in=Shop.objects.managed_by(user, duty))


class ImportRowQuerySet(models.QuerySet):
    def managed_by(self, user, duty: str = ""):
        return self.filter(job__shop__in=Shop.objects.managed_by(user, duty))
