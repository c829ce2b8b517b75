"""A long list is counted once a minute; a short one whenever it is asked for."""

from __future__ import annotations

import pytest

from catalog.models import Product
from catalog.services import counting
from catalog.tests.factories import make_product

pytestmark = pytest.mark.django_db


def test_a_short_list_is_counted_afresh(shop):
    make_product(shop, "Oak bowl")
    assert counting.count_of(Product.objects.listed()) == 1

    make_product(shop, "Ash bowl")

    assert counting.count_of(Product.objects.listed()) == 2


def test_a_long_list_is_counted_once_and_each_list_by_itself(
    shop, rival, monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr(counting, "CAP", 1)
    for title in ("Oak bowl", "Ash bowl"):
        make_product(shop, title)
        make_product(rival, title)
    own = Product.objects.listed().filter(shop=shop)
    counting.count_of(Product.objects.listed())
    counting.count_of(own)

    with django_assert_num_queries(0):
        counts = counting.count_of(Product.objects.listed().order_by("pk")), counting.count_of(own)

    assert counts == (4, 2)


def test_nothing_is_counted_without_asking(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert counting.count_of(Product.objects.none()) == 0
