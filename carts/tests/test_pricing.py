from __future__ import annotations

from datetime import date

import pytest

from carts.models import ShippingOption, TaxRate
from carts.services import baskets, pricing, tax
from carts.tests.factories import fill_cart, make_shipping
from catalog.tests.factories import make_variant
from marketflow.core.money import Money

pytestmark = pytest.mark.django_db


def euros(amount: int) -> Money:
    return Money(amount, "EUR")


@pytest.fixture
def rates(db):
    for country, points in (("IE", 2300), ("DE", 1900)):
        TaxRate.objects.create(
            country=country, tax_class="standard", basis_points=points, valid_from="2020-01-01"
        )


@pytest.mark.parametrize(
    ("ordered", "count", "arrives"),
    [
        (date(2026, 12, 2), 2, date(2026, 12, 4)),  # A Wednesday.
        (date(2026, 12, 3), 2, date(2026, 12, 7)),  # Over the weekend.
        (date(2026, 12, 4), 6, date(2026, 12, 14)),
        (date(2026, 12, 5), 1, date(2026, 12, 7)),  # A Saturday, and a Sunday.
        (date(2026, 12, 6), 5, date(2026, 12, 11)),
        (date(2026, 12, 6), 0, date(2026, 12, 7)),
        (date(2026, 12, 7), 0, date(2026, 12, 7)),
    ],
)
def test_nothing_is_promised_for_a_weekend(ordered, count, arrives):
    option = ShippingOption(min_days=count, max_days=count)

    assert option.arrives(ordered) == (arrives, arrives)


def test_each_shop_is_a_group_with_its_own_delivery(buyer, shop, rival):
    make_shipping(shop, price=500)
    make_shipping(rival, price=300)
    cart = fill_cart(buyer, make_variant(shop), make_variant(rival, "Lamp", price=1000))

    priced = pricing.price(cart)

    assert [(g.shop, g.goods, g.shipping) for g in priced.groups] == [
        (shop, euros(2000), euros(500)),
        (rival, euros(1000), euros(300)),
    ]
    assert (priced.goods, priced.shipping, priced.total) == (euros(3000), euros(800), euros(3800))


def test_the_cheapest_way_counts_until_another_is_chosen(buyer, shop):
    fast = make_shipping(shop, price=900, name="Express")
    slow = make_shipping(shop, price=400)
    cart = fill_cart(buyer, make_variant(shop))

    assert pricing.price(cart).groups[0].option == slow
    baskets.choose_shipping(cart, {shop.slug: str(fast.uuid)})
    cart.refresh_from_db()

    assert pricing.price(cart).shipping == euros(900)
    assert pricing.price(cart, shipping={}).shipping == euros(400)


def test_delivery_is_free_from_an_amount_on(buyer, shop):
    make_shipping(shop, price=500, free_above_minor=5000)
    cart = fill_cart(buyer, make_variant(shop, price=2000), quantity=2)

    below = pricing.price(cart).groups[0]
    baskets.change(cart, {str(cart.lines.get().uuid): 3})
    above = pricing.price(cart).groups[0]

    assert (below.shipping, below.missing_for_free_delivery) == (euros(500), euros(1000))
    assert (above.shipping, above.missing_for_free_delivery) == (euros(0), None)


def test_an_option_counts_only_where_it_reaches(buyer, shop):
    make_shipping(shop, price=300, countries=["IE"])
    far = make_shipping(shop, price=1500, countries=["DE", "FR"], name="Abroad")
    cart = fill_cart(buyer, make_variant(shop))

    assert pricing.price(cart, country="IE").shipping == euros(300)
    assert pricing.price(cart, country="DE").groups[0].option == far
    assert pricing.price(cart, country="US").undeliverable[0].shop == shop


def test_what_is_not_sent_needs_no_delivery(buyer, shop):
    make_shipping(shop, countries=["IE"])
    cart = fill_cart(buyer, make_variant(shop, needs_shipping=False))

    priced = pricing.price(cart, country="US")

    assert (priced.shipping, priced.undeliverable) == (euros(0), [])


def test_vat_is_inside_and_follows_the_destination(buyer, shop, rates):
    make_shipping(shop, price=0)
    cart = fill_cart(buyer, make_variant(shop, price=1230))

    assert pricing.price(cart, country="IE").tax_included == euros(230)
    assert pricing.price(cart, country="DE").tax_included == euros(196)
    assert pricing.price(cart, country="US").tax_included == euros(0)
    assert pricing.price(cart, country="DE").total == euros(1230)


@pytest.mark.parametrize(
    ("gross", "points", "inside"),
    [(119, 1900, 19), (1, 1900, 0), (3, 2300, 1), (500, 1900, 80), (0, 1900, 0), (1000, 0, 0)],
)
def test_vat_is_rounded_half_up(gross, points, inside):
    assert tax.included(gross, points) == inside


def test_a_rate_begins_on_its_day(buyer, shop, rates):
    TaxRate.objects.create(
        country="IE", tax_class="standard", basis_points=2500, valid_from="2999-01-01"
    )
    TaxRate.objects.create(
        country="IE", tax_class="standard", basis_points=2100, valid_from="2021-01-01"
    )

    assert tax.rates("IE") == {"standard": 2100}


def test_a_rate_begins_on_its_day_though_it_was_asked_for_before(rates, monkeypatch):
    """The statement is kept, the day is not."""
    TaxRate.objects.create(
        country="IE", tax_class="standard", basis_points=2500, valid_from="2999-01-01"
    )
    assert tax.rates("IE") == {"standard": 2300}

    monkeypatch.setattr(tax, "localdate", lambda: date(2999, 1, 1))

    assert tax.rates("IE") == {"standard": 2500}


def test_what_is_saved_for_later_costs_nothing(buyer, shop):
    cart = fill_cart(buyer, make_variant(shop), make_variant(shop, "Lamp"))
    baskets.save_for_later(cart, cart.lines.last().uuid)

    priced = pricing.price(cart)

    assert (priced.goods, priced.size, len(priced.saved)) == (euros(2000), 1, 1)


def test_a_changed_price_is_named_until_it_was_shown(buyer, shop):
    bowl = make_variant(shop, price=2000)
    cart = fill_cart(buyer, bowl)
    bowl.price_minor = 2200
    bowl.save()

    changed = pricing.price(cart).changed_prices
    baskets.settle(cart)

    assert [(line.old_price, line.unit_price) for line in changed] == [(euros(2000), euros(2200))]
    assert pricing.price(cart).changed_prices == []


def test_lines_say_why_they_cant_be_bought(buyer, shop, rival):
    short, gone = make_variant(shop, "A", stock=5), make_variant(shop, "B", stock=5)
    away = make_variant(rival, "C")
    cart = fill_cart(buyer, short, gone, away, quantity=3)
    for variant, left in ((short, 2), (gone, 0)):
        variant.stock.on_hand = left
        variant.stock.save()
    rival.state = "suspended"
    rival.save()

    issues = [line.issue for line in pricing.price(cart).lines]

    assert issues == ["short", "sold_out", "unavailable"]


def test_the_quote_stands_for_everything_to_be_paid(buyer, shop, rates):
    make_shipping(shop, price=500)
    fast = make_shipping(shop, price=500, name="Fast")
    bowl = make_variant(shop)
    cart = fill_cart(buyer, bowl)

    def quote(**how) -> str:
        return pricing.price(cart, **how).quote

    first = quote()
    assert quote() == first
    assert quote(country="DE") != first
    assert quote(shipping={shop.slug: str(fast.uuid)}) != first
    bowl.price_minor += 1
    bowl.save()
    dearer = quote()
    assert dearer != first
    baskets.change(cart, {str(cart.lines.get().uuid): 2})
    assert quote() not in (first, dearer)


def test_a_cart_that_never_was_costs_nothing():
    priced = pricing.price(None)

    assert (priced.is_empty, priced.total, priced.country) == (True, euros(0), "IE")
