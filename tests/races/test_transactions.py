"""A real deadlock: PostgreSQL gives one side up, and it begins anew."""

from __future__ import annotations

import threading

import pytest
from django.db import OperationalError, transaction

from accounts.models import Shop
from accounts.tests.factories import make_shop
from marketflow.core.transactions import whole_unit
from tests.races.racing import race

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]


def meet(decorate) -> list:
    """Two that lock the same shops in opposite order, each waiting for the other's first."""
    fern, rival = make_shop("Fern & Co"), make_shop("Rival Goods")
    both_hold_one = threading.Barrier(2)

    def visitor(first: Shop, second: Shop):
        is_first_try = True

        @decorate
        def rename() -> str:
            nonlocal is_first_try
            Shop.objects.filter(pk=first.pk).update(tagline="seen")
            if is_first_try:
                is_first_try = False
                both_hold_one.wait(timeout=10)
            Shop.objects.filter(pk=second.pk).update(tagline="seen")
            return "done"

        return rename

    return race(visitor(fern, rival), visitor(rival, fern))


def test_both_get_through():
    assert meet(whole_unit) == ["done", "done"]


def test_without_beginning_anew_one_of_them_fails():
    """The negative control: the deadlock above is a real one."""
    results = meet(transaction.atomic)

    assert sorted(type(result) for result in results if result != "done") == [OperationalError]
