from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from django.db import models
from django.db.models import Exists, OuterRef, Prefetch, Q
from django.db.models.functions import Coalesce, Now

from accounts.models import Shop
from catalog.models import Product


class CartQuerySet(models.QuerySet):
    def open(self):
        return self.filter(ordered_at=None)

    def of(self, *, user=None, token_hash: str | None = None):
        """The open cart of a signed-in person, or of who holds the token. Nobody has none."""
        if user is not None and user.is_authenticated:
            return self.open().filter(buyer=user)
        if token_hash:
            return self.open().filter(buyer=None, token_hash=token_hash)
        return self.none()

    def visible_to(self, user):
        return self.filter(buyer=user) if user.is_authenticated else self.none()


class CartLineQuerySet(models.QuerySet):
    def to_buy(self):
        return self.filter(is_saved=False)

    def of_shop(self, slug: str):
        """Those of one shop; of every shop where none is named."""
        return self.filter(variant__product__shop__slug=slug) if slug else self

    def with_goods(self):
        """Load what pricing reads."""
        return self.select_related("variant__product__shop", "variant__stock")

    def with_promoted(self):
        """Note on each line whether its shop or the market promotes anything by itself now.

        Most carts meet no promotion, and are spared the statement that looks for them. Also where
        its product stands in the tree: promotions look at that.
        """
        return self.annotate(
            is_promoted=_promotes_by_itself(),
            category_path=Coalesce(models.F("variant__product__category__path"), models.Value("")),
        )

    def with_pictures(self):
        """Load what pages show besides."""
        return self.select_related("variant__image").prefetch_related("variant__product__images")


@cache
def _promotes_by_itself() -> Exists:
    """Built once: building it takes longer than asking it, and every price asks."""
    from carts.models import Promotion

    automatic = Promotion.objects.running().filter(code="")
    its_shops = Q(shop=None) | Q(shop=OuterRef("variant__product__shop"))
    return Exists(automatic.filter(its_shops))


class ShippingOptionQuerySet(models.QuerySet):
    def offered(self):
        return self.filter(is_active=True)

    def managed_by(self, user, duty: str = ""):
        return self.filter(shop__in=Shop.objects.managed_by(user, duty))


class PromotionQuerySet(models.QuerySet):
    def running(self):
        """In force now, by the database's clock."""
        return self.filter(_is_running())

    def with_uses_left(self):
        return self.filter(Q(max_uses=None) | Q(used__lt=models.F("max_uses")))

    def meant_for(self, shop_ids: Iterable[int], codes: Iterable[str]):
        """What may concern a cart with goods of these shops: automatic ones, and its coupons.

        Coupons also when they do not run, so that the cart can say so: `is_running`.
        """
        ours = Q(shop=None) | Q(shop__in=list(shop_ids))
        automatic = Q(code="") & _is_running()
        is_running = models.Case(
            models.When(_is_running(), then=True),
            default=False,
            output_field=models.BooleanField(),
        )
        found = self.filter(ours, automatic | Q(code__in=list(codes)))
        return found.annotate(is_running=is_running)

    def with_goods(self, product_ids: Iterable[int]):
        """Note what each is about: `branches`, paths of categories, and which of `product_ids`.

        Both are texts with commas between, so that the promotions come in one statement.
        """
        of_products = self.model.products.through.objects.filter(promotion=OuterRef("pk"))
        of_branches = self.model.categories.through.objects.filter(promotion=OuterRef("pk"))
        here = of_products.filter(product__in=list(product_ids))
        return self.annotate(
            has_products=Exists(of_products),
            products_here=_joined(here, "product_id"),
            branches=_joined(of_branches, "category__path"),
        )

    def managed_by(self, user, duty: str = ""):
        return self.filter(shop__in=Shop.objects.managed_by(user, duty))


class _Joined(models.Aggregate):
    """Texts or numbers of a group, with commas between."""

    function = "GROUP_CONCAT"
    output_field = models.TextField()

    def as_postgresql(self, compiler, connection, **extra):
        template = "STRING_AGG((%(expressions)s)::text, ',')"
        return self.as_sql(compiler, connection, template=template, **extra)


def _joined(rows: models.QuerySet, name: str) -> Coalesce:
    """What `name` is in `rows`, those of one promotion, as one text."""
    groups = rows.order_by().values("promotion").annotate(joined=_Joined(name))
    nothing = models.Value("", output_field=models.TextField())
    return Coalesce(models.Subquery(groups.values("joined")), nothing)


def _is_running() -> Q:
    return Q(is_active=True, starts_at__lte=Now()) & (Q(ends_at=None) | Q(ends_at__gt=Now()))


class TaxRateQuerySet(models.QuerySet):
    def in_force(self, country: str, day):
        return self.filter(country=country, valid_from__lte=day).order_by("valid_from")


class BackInStockRequestQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(user=user) if user.is_authenticated else self.none()

    def waiting(self):
        return self.exclude(user=None, confirmed_at=None).filter(told_at=None)


class WishListItemQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(user=user) if user.is_authenticated else self.none()

    def still_sold(self):
        return self.filter(product__in=Product.objects.published())

    def with_cards(self):
        """Load what `catalog/_product_card.html` reads of each product."""
        return self.prefetch_related(Prefetch("product", Product.objects.with_card_data()))
