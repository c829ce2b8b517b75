"""Which variant is meant."""

from __future__ import annotations

import pytest

from catalog.models import Product
from catalog.services.choices import choice_of, posted
from catalog.tests.factories import make_product, make_variant

pytestmark = pytest.mark.django_db


@pytest.fixture
def shirt(shop):
    shirt = make_product(shop, "Shirt", option1_name="Size", option2_name="Colour")
    make_variant(shop, product=shirt, option1="S", option2="Red", stock=0)
    make_variant(shop, product=shirt, option1="S", option2="Blue")
    make_variant(shop, product=shirt, option1="L", option2="Blue")
    return Product.objects.with_card_data().get(pk=shirt.pk)


def variant(shirt, size, colour):
    return next(v for v in shirt.offers if v.option_values == [size, colour])


def shown(choice):
    return [
        f"{value.text}{'*' if value.is_chosen else ''}{'' if value.is_made else ' not made'}"
        f"{' out' if value.is_sold_out and value.is_made else ''}"
        for option in choice.options
        for value in option.values
    ]


def test_the_first_that_can_be_had_is_chosen(shirt):
    choice = choice_of(shirt, {})

    assert choice.variant == variant(shirt, "S", "Blue")
    assert shown(choice) == ["S*", "L", "Red out", "Blue*"]


def test_an_address_names_a_variant(shirt):
    wanted = variant(shirt, "L", "Blue")

    choice = choice_of(shirt, {"v": str(wanted.uuid)})

    assert choice.variant == wanted
    assert shown(choice) == ["S", "L*", "Red not made", "Blue*"]


def test_a_sold_out_variant_can_be_looked_at(shirt):
    choice = choice_of(shirt, {"option.Size": "S", "option.Colour": "Red"})

    assert choice.variant.level == "out"


def test_nothing_is_made_in_some_combinations(shirt):
    choice = choice_of(shirt, {"option.Size": "L", "option.Colour": "Red"})

    assert choice.variant is None
    assert shown(choice) == ["S out", "L* not made", "Red* not made", "Blue"]


@pytest.mark.parametrize("data", [{"v": "nonsense"}, {"option.Size": "S"}, {"option.Age": "7"}])
def test_half_a_choice_is_none(shirt, data):
    assert choice_of(shirt, data).variant == variant(shirt, "S", "Blue")


def test_what_the_form_says_counts_not_what_it_showed(shirt):
    was_shown = variant(shirt, "S", "Blue")

    assert posted(was_shown, {}) == was_shown
    assert posted(was_shown, {"option.Size": "L", "option.Colour": "Blue"}) == variant(
        shirt, "L", "Blue"
    )
    assert posted(was_shown, {"option.Size": "L", "option.Colour": "Red"}) is None
