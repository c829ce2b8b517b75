"""What every list of products shows: filters with counts, chips, order, pages.

The category, search and shop pages each give a scope; the rest is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.core.paginator import EmptyPage, Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from catalog.models import Category, Product
from catalog.querysets import load_listed
from catalog.services.facets import Facets, count_each, count_facets
from catalog.services.filters import ORDERINGS, Filters, read_filters
from catalog.services.search import Found, more_like
from marketflow.core.fragments import is_partial, render_page
from marketflow.core.kept import Kept
from marketflow.core.money import Money
from marketflow.core.templatetags.marketflow import whole_money

PAGE_SIZE = 24
MOST_BESTSELLERS = 8
MOST_REMEDIES = 6
FEW = 5
# Filters that make a page worth finding by themselves; all other lists are `noindex`.
INDEXABLE = ("in_stock", "condition")
columns = Kept(200)


@dataclass(frozen=True)
class Chip:
    """A filter, and the address that sets it or takes it away."""

    label: str
    url: str
    count: int | str | None = None
    is_chosen: bool = False


@dataclass
class Listing:
    """One page of one list. `base` are the parameters that no filter takes away, such as `q`.

    `with_more` adds to a few results what is like them.
    """

    request: HttpRequest
    scope: QuerySet
    key: str
    found: Found | None = None
    depth: int = 0
    without: Sequence[str] = ()
    base: Sequence[str] = ()
    with_more: bool = False
    filters: Filters = field(init=False)
    facets: Facets = field(init=False)
    page: Page | None = field(init=False, default=None)
    last_page: int = field(init=False, default=1)
    more_like: list[Product] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.filters = read_filters(self.request.GET)
        self.facets = count_facets(
            self.scope, self.filters, key=self.key, depth=self.depth, without=self.without
        )
        self._paginate()

    @property
    def total(self) -> int:
        return self.facets.total

    @property
    def ordering(self) -> str:
        offered = [value for value, _label in self.orderings]
        return self.filters.ordering if self.filters.ordering in offered else offered[0]

    @property
    def orderings(self) -> list[tuple[str, str]]:
        """Best match needs words to match."""
        has_words = bool(self.found and self.found.match)
        return [one for one in ORDERINGS.items() if has_words or one[0] != "relevance"]

    @property
    def chips(self) -> list[Chip]:
        return [Chip(label, self.address(gone)) for label, gone in self._applied()]

    @property
    def clear_url(self) -> str:
        return self._address({name: self.request.GET.getlist(name) for name in self.base})

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What the form sends along unseen."""
        kept = [(name, self.request.GET.get(name, "")) for name in self.base]
        if self.filters.category:
            kept.append(("category", self.filters.category.slug))
        return [(name, value) for name, value in kept if value]

    @property
    def canonical(self) -> str:
        """The address without what made no sense, without the order, with the page."""
        return settings.SITE_URL + self.address(ordering="", page=self.page_text)

    @property
    def page_text(self) -> str:
        """The number of the page as it stands in an address: nothing for the first."""
        return str(self.page.number) if self.page and self.page.number > 1 else ""

    @property
    def is_indexable(self) -> bool:
        names = [name for name in self._known() if name not in ("ordering", "page")]
        return not names or (len(names) == 1 and names[0] in INDEXABLE)

    def address(self, *gone: dict[str, str], **changes: str) -> str:
        """The address of this list with parameters changed or taken away; the first page of it."""
        known = self._known()
        for pair in gone:
            for name, value in pair.items():
                known[name] = [one for one in known.get(name, []) if value not in ("", one)]
        for name, value in changes.items():
            known[name] = [value] if value else []
        return self._address(known)

    @property
    def next_url(self) -> str:
        return self.address(page=str(self.page.next_page_number()))

    @property
    def typed_min_price(self) -> str:
        return "" if "min_price" in self.filters.wrong else self.request.GET.get("min_price", "")

    @property
    def typed_max_price(self) -> str:
        return "" if "max_price" in self.filters.wrong else self.request.GET.get("max_price", "")

    @property
    def price_presets(self) -> list[Chip]:
        """Ranges to follow; following the one that is set takes it away."""
        return [
            Chip(
                _range_words(preset.low_money, preset.high_money),
                self.address(
                    min_price="" if preset.is_chosen else preset.low,
                    max_price="" if preset.is_chosen else preset.high,
                ),
                preset.count_text,
                preset.is_chosen,
            )
            for preset in self.facets.presets
        ]

    @property
    def filter_column(self) -> SafeString:
        """_filters.html: many boxes, which are the same for most who look."""
        shown = {
            "facets": self.facets.lists,
            "total": self.total,
            "presets": self.price_presets,
            "have_common": self._have_common,
            "min_price": self.typed_min_price,
            "max_price": self.typed_max_price,
        }
        content = (get_language(), repr(shown))
        return columns.get(content, lambda: render_to_string("catalog/_filters.html", shown))

    @property
    def _have_common(self) -> bool:
        """Whether the ranges add up to more than there is: a product may have many prices."""
        is_whole = self.filters.min_price is None and self.filters.max_price is None
        return is_whole and sum(p.count for p in self.facets.presets) > self.total

    @property
    def promoted(self) -> list[Chip]:
        """The few filters that most people want, to be set with one click."""
        simple = [f for f in self.facets.lists if f.name in ("in_stock", "min_rating")]
        chips = [
            Chip(
                value.label,
                self.address(**{facet.name: "" if value.is_chosen else value.value}),
                value.count_text,
                value.is_chosen,
            )
            for facet in simple
            for value in facet.values
        ]
        return chips + self.price_presets[:1]

    def remedies(self) -> list[Chip]:
        """For a list without a match: each filter, and how many there would be without it."""
        filters = list(self._applied())[:MOST_REMEDIES]
        without = [self.filters.without(*next(iter(gone.items()))) for _label, gone in filters]
        counts = count_each([one.narrow(self.scope) for one in without])
        return [
            Chip(label, self.address(gone), count)
            for (label, gone), count in zip(filters, counts, strict=True)
        ]

    def bestsellers(self) -> list[Product]:
        products = self.scope.order_by("-units_sold", "-pk").for_lists()
        return list(products[:MOST_BESTSELLERS])

    # --- inside

    def _address(self, parameters: dict[str, list[str]]) -> str:
        data = QueryDict(mutable=True)
        for name, values in parameters.items():
            data.setlist(name, list(values))
        query = data.urlencode(safe=".,")
        return f"{self.request.path}?{query}" if query else self.request.path

    def _paginate(self) -> None:
        products = self.filters.narrow(self.scope)
        if self.ordering == "relevance":
            products = self.found.by_relevance(products)
        else:
            products = self.filters.sort(products)
        paginator = Paginator(products.lean(), PAGE_SIZE)
        # Counted already, with the facets.
        paginator.count = self.total
        self.last_page = paginator.num_pages
        try:
            self.page = paginator.page(max(1, _number(self.request.GET.get("page"))))
            # Cards are read here, once; a stale count may have promised a page too many.
            self.page.object_list = list(self.page.object_list)
        except EmptyPage:
            self.page = None
            return
        if self.with_more:
            self.more_like = self._more_like()
        load_listed([*self.page.object_list, *self.more_like])

    def _more_like(self) -> list[Product]:
        """Beside a search's few results, all of them shown: what has some of its words."""
        is_whole = 0 < self.total == self.facets.scope <= FEW
        if not is_whole or self.found.how in ("all", "some"):
            return []
        own = [product.pk for product in self.page.object_list]
        others = Product.objects.listed().exclude(pk__in=own).lean()
        return list(more_like(self.found, others))

    def _known(self) -> dict[str, list[str]]:
        """The parameters that made sense."""
        named = ("option.", "attribute.")
        plain = (
            "category", "shop", "min_price", "max_price", "in_stock", "min_rating", "condition",
            "ships_from", "ordering", *self.base,
        )  # fmt: skip
        return {
            name: [value for value in values if value.strip()]
            for name, values in self.request.GET.lists()
            if name not in self.filters.wrong
            and (name in plain or name.startswith(named))
            and any(value.strip() for value in values)
        }

    def _applied(self):
        """What is set, in words, with the parameters that set it."""
        filters = self.filters
        if filters.min_price is not None or filters.max_price is not None:
            words = _range_words(_money(filters.min_price), _money(filters.max_price))
            yield words, {"min_price": "", "max_price": ""}
        for facet in self.facets.lists:
            for value in facet.values:
                if value.is_chosen:
                    yield value.label, {facet.name: value.value}


def show(
    request: HttpRequest, listing: Listing, name: str, context: dict[str, object]
) -> HttpResponse:
    """The whole page `name`, its list region, or only the next cards, as was asked for."""
    if listing.page is None or (listing.page.number > 1 and not listing.page.object_list):
        return beyond(request, listing)
    context |= {"listing": listing, "page": listing.page, "canonical": listing.canonical}
    context.setdefault("card_level", 2)
    part = f"_{name}_list" if listing.page.number == 1 else "_more"
    response = render_page(request, f"catalog/{name}.html", f"catalog/{part}.html", context)
    if is_partial(request):
        response["HX-Push-Url"] = listing.address(page=listing.page_text)
    return response


def beyond(request: HttpRequest, listing: Listing) -> HttpResponse:
    last = listing.address(page=str(listing.last_page) if listing.last_page > 1 else "")
    return render(request, "catalog/beyond.html", {"last_url": last}, status=404)


def scopes(listing: Listing, categories: Sequence[Category]) -> list[dict[str, object]]:
    """Categories as chips: how much of the list lies in each."""
    below = listing.facets.below
    chosen = listing.filters.category
    return [
        {
            "label": category.name,
            "count": below[category.path],
            "url": listing.address(category=category.slug),
            "is_chosen": bool(chosen and chosen.path.startswith(category.path)),
        }
        for category in categories
        if below.get(category.path)
    ]


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 7 else 1


def _range_words(low: Money | None, high: Money | None) -> str:
    if low is None:
        return _("Up to %(price)s") % {"price": whole_money(high)}
    if high is None:
        return _("%(price)s and more") % {"price": whole_money(low)}
    return _("%(low)s to %(high)s") % {"low": whole_money(low), "high": whole_money(high)}


def _money(minor: int | None) -> Money | None:
    return None if minor is None else Money(minor, settings.MARKETPLACE_CURRENCY)
