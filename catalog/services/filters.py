"""What a list of products is narrowed by, read from an address once for pages and API alike.

A condition on an option, on stock or on the price has to hold on one and the same variant: a
shirt that is sold out in L does not come up for "L, in stock" because there is an M.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from django.conf import settings
from django.db.models import Exists, F, FloatField, OuterRef, Q, QuerySet
from django.db.models.functions import Cast
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from catalog.models import Category, Product, ProductAttribute, Variant
from marketflow.core.prices import to_minor

MOST_VALUES = 20
MOST_NAMES = 6
LONGEST_NAME = 60

ORDERINGS = {
    "relevance": _("Best match"),
    "popular": _("Popular"),
    "newest": _("Newest"),
    "price": _("Price, lowest first"),
    "-price": _("Price, highest first"),
    "rating": _("Top rated"),
}
# An average over few reviews is pulled towards this one, as if this many had given it.
USUAL_RATING, USUAL_COUNT = 4, 5

# In minor units.
MOST_PRICE = 10**12 - 1


def typed_price(text: str) -> int | None:
    """Minor units of a price as people type it: "20", "19.99"."""
    if not re.fullmatch(r"[0-9]{1,9}([.,][0-9]{1,3})?", text):
        return None
    return to_minor(Decimal(text.replace(",", ".")), settings.MARKETPLACE_CURRENCY)[0]


def minor_price(text: str) -> int | None:
    """A price as programs send it: whole minor units."""
    return int(text) if re.fullmatch(r"[0-9]{1,12}", text) else None


@dataclass(frozen=True)
class Filters:
    """One reading of an address. `wrong` names the parameters that made no sense."""

    category: Category | None = None
    shops: tuple[str, ...] = ()
    min_price: int | None = None
    max_price: int | None = None
    in_stock: bool = False
    min_rating: Decimal | None = None
    conditions: tuple[str, ...] = ()
    ships_from: tuple[str, ...] = ()
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ordering: str = ""
    wrong: frozenset[str] = frozenset()

    def product_conditions(self) -> dict[str, Q]:
        """What has to be true of the product, by the name of the parameter."""
        found = {}
        if self.category:
            found["category"] = Q(category__path__startswith=self.category.path)
        if self.shops:
            found["shop"] = Q(shop__slug__in=self.shops)
        if self.min_rating is not None:
            found["min_rating"] = Q(rating_average__gte=self.min_rating, rating_count__gt=0)
        if self.conditions:
            found["condition"] = Q(condition__in=self.conditions)
        if self.ships_from:
            found["ships_from"] = Q(shop__country__in=self.ships_from)
        for name, values in self.attributes.items():
            said = ProductAttribute.objects.filter(
                product=OuterRef("pk"), name=name, value__in=values
            )
            found[f"attribute.{name}"] = Q(Exists(said))
        return found

    def variant_conditions(self) -> dict[str, Q]:
        """What has to be true of one of its variants."""
        found = {}
        if self.min_price is not None or self.max_price is not None:
            found["price"] = self.price_condition()
        if self.in_stock:
            found["in_stock"] = FREE
        for name, values in self.options.items():
            found[f"option.{name}"] = (
                Q(product__option1_name=name, option1__in=values)
                | Q(product__option2_name=name, option2__in=values)
                | Q(product__option3_name=name, option3__in=values)
            )
        return found

    def price_condition(self) -> Q:
        condition = Q()
        if self.min_price is not None:
            condition &= Q(price_minor__gte=self.min_price)
        if self.max_price is not None:
            condition &= Q(price_minor__lte=self.max_price)
        return condition

    def narrow(self, products: QuerySet, *, leave_out: Collection[str] = ()) -> QuerySet:
        """Those of `products` that fit; `leave_out` names parameters that don't count."""
        for name, condition in self.product_conditions().items():
            if name not in leave_out:
                products = products.filter(condition)
        wanted = {
            name: condition
            for name, condition in self.variant_conditions().items()
            if name not in leave_out
        }
        if set(wanted) == {"price"} and self.min_price is None:
            # The lowest price is on the product, where an index has it.
            return products.filter(price_minor__lte=self.max_price)
        if not wanted:
            return products
        variants = Variant.objects.active().filter(*wanted.values(), product=OuterRef("pk"))
        return products.filter(Exists(variants))

    def sort(self, products: QuerySet) -> QuerySet:
        """In the order asked for, the popular ones first by default."""
        if self.ordering == "newest":
            return products.order_by("-published_at", "-pk")
        if self.ordering == "price":
            return products.order_by("price_minor", "pk")
        if self.ordering == "-price":
            return products.order_by("-price_minor", "-pk")
        if self.ordering == "rating":
            weight = F("rating_count") + USUAL_COUNT
            total = F("rating_average") * F("rating_count") + USUAL_RATING * USUAL_COUNT
            # A float, or SQLite divides whole numbers and drops what is left.
            return products.order_by((Cast(total, FloatField()) / weight).desc(), "-pk")
        return products.order_by("-units_sold", "-pk")

    def without(self, name: str, value: str) -> Filters:
        """The same but for one choice, named as in an address; the price goes as a whole."""
        kind, _dot, key = name.partition(".")
        if name in ("min_price", "max_price"):
            return replace(self, min_price=None, max_price=None)
        if kind in ("option", "attribute"):
            chosen = getattr(self, f"{kind}s")
            left = {key: tuple(one for one in chosen.get(key, ()) if one != value)}
            both = {**chosen, **left}
            return replace(self, **{f"{kind}s": {k: some for k, some in both.items() if some}})
        if name in ("shop", "condition"):
            name += "s"
        old = getattr(self, name)
        new = tuple(one for one in old if one != value) if isinstance(old, tuple) else None
        return replace(self, **{name: new if name != "in_stock" else False})

    @property
    def count(self) -> int:
        """How many filters are set."""
        return len(self.product_conditions()) + len(self.variant_conditions())

    def as_key(self) -> str:
        """The same text for the same filters, whatever their order in the address."""
        plain = {
            "category": self.category.path if self.category else "",
            "shops": sorted(self.shops),
            "price": [self.min_price, self.max_price],
            "in_stock": self.in_stock,
            "min_rating": str(self.min_rating),
            "conditions": sorted(self.conditions),
            "ships_from": sorted(self.ships_from),
            "options": sorted((name, sorted(values)) for name, values in self.options.items()),
            "attributes": sorted((n, sorted(values)) for n, values in self.attributes.items()),
        }
        return repr(plain)


FREE = Q(stock__isnull=True) | Q(stock__on_hand__gt=F("stock__allocated"))


def read_filters(data: QueryDict, *, of_a_program: bool = False) -> Filters:
    """The filters of an address. What makes no sense is left out and named in `wrong`.

    People type prices in major units, and leave fields blank; programs send minor units, and
    numbers with nothing around them. Costs a query where a category is named, else none.
    """
    reader = _Reader(data)
    number = reader.exactly if of_a_program else reader.one
    price = minor_price if of_a_program else typed_price
    return Filters(
        category=reader.one("category", _category),
        shops=reader.many("shop", _slug),
        min_price=number("min_price", price),
        max_price=number("max_price", price),
        in_stock=bool(reader.one("in_stock", _truth)),
        min_rating=number("min_rating", _rating),
        conditions=reader.many("condition", _condition),
        ships_from=reader.many("ships_from", _country),
        options=reader.named("option"),
        attributes=reader.named("attribute"),
        ordering=reader.one("ordering", _ordering) or "",
        wrong=frozenset(reader.wrong),
    )


class _Reader:
    """Reads parameters and remembers which of them made no sense."""

    def __init__(self, data: QueryDict) -> None:
        self._data = data
        self.wrong: set[str] = set()

    def one(self, name: str, read: Callable[[str], object]):
        text = self._data.get(name, "").strip()
        return self._understood(name, read, text) if text else None

    def exactly(self, name: str, read: Callable[[str], object]):
        """With the spaces around it, and blank where it is there and blank."""
        return self._understood(name, read, self._data[name]) if name in self._data else None

    def _understood(self, name: str, read: Callable[[str], object], text: str):
        value = read(text)
        if value is None:
            self.wrong.add(name)
        return value

    def many(self, name: str, read: Callable[[str], str | None]) -> tuple[str, ...]:
        texts = [text.strip() for text in self._data.getlist(name) if text.strip()]
        values = [read(text) for text in texts[:MOST_VALUES]]
        if None in values:
            self.wrong.add(name)
        return tuple(dict.fromkeys(value for value in values if value))

    def named(self, prefix: str) -> dict[str, tuple[str, ...]]:
        """`option.Size=L&option.Size=M` as {"Size": ("L", "M")}."""
        found = {}
        for key in self._data:
            kind, _dot, name = key.partition(".")
            if kind != prefix or not name or len(name) > LONGEST_NAME:
                continue
            if values := self.many(key, _text):
                found[name] = values
        return dict(list(found.items())[:MOST_NAMES])


def _category(text: str) -> Category | None:
    return Category.objects.filter(slug=text).first() if _slug(text) else None


def _slug(text: str) -> str | None:
    return text if re.fullmatch(r"[-\w]{1,220}", text) else None


def _text(text: str) -> str | None:
    return None if "\x00" in text else text[:200]


def _truth(text: str) -> bool | None:
    return {"1": True, "true": True, "on": True, "0": False, "false": False}.get(text.lower())


def _rating(text: str) -> Decimal | None:
    if not re.fullmatch(r"[0-5](\.[0-9]{1,3})?", text):
        return None
    rating = Decimal(text)
    return rating if rating <= 5 else None


def _condition(text: str) -> str | None:
    return text if text in Product.Condition.values else None


def _country(text: str) -> str | None:
    return text.upper() if re.fullmatch(r"[A-Za-z]{2}", text) else None


def _ordering(text: str) -> str | None:
    return text if text in ORDERINGS else None
