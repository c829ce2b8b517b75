"""Who waits is told in turn, and a shop once for each time that something runs low."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.timezone import now

from accounts.tests.factories import make_user
from carts.models import BackInStockRequest
from carts.services import waiting_lines
from catalog.services import inventory
from catalog.tests.factories import make_variant
from marketflow.core.tests.pages import Visitor
from notifications.models import Mail
from notifications.services import watching
from notifications.tests.test_news import told
from notifications.tests.test_receivers import hear

pytestmark = pytest.mark.django_db


@pytest.fixture
def bowl(shop):
    return make_variant(shop, "Oak bowl", stock=0)


@pytest.fixture
def line(bowl):
    people = [make_user(name) for name in ("ana", "ben", "cleo")]
    for person in people:
        assert waiting_lines.ask(user=person, variant=bowl)
    return [person.email for person in people]


def arrive(variant, units: int, key: str = "1") -> None:
    inventory.receive(variant.stock, units, key=key)
    hear()


def told_back() -> list[str]:
    return [email for email, _text in told("back_in_stock")]


def test_as_many_are_told_as_there_are_units_in_the_order_of_asking(bowl, line):
    arrive(bowl, 2)

    assert told_back() == line[:2]
    assert told("back_in_stock")[0][1] == "Oak bowl is back."
    assert Mail.objects.filter(kind="back_in_stock").count() == 2


def test_who_was_told_first_has_a_head_start(bowl, line):
    arrive(bowl, 1)
    assert watching.tell_next_in_line() == 0

    past = now() - waiting_lines.HEAD_START - timedelta(minutes=1)
    BackInStockRequest.objects.filter(told_at__isnull=False).update(told_at=past)

    assert [watching.tell_next_in_line(), watching.tell_next_in_line()] == [1, 0]
    assert told_back() == line[:2]


def test_a_lapsed_hold_is_told_like_an_arrival(shop, buyer):
    bowl = make_variant(shop, "Oak bowl", stock=1)
    inventory.reserve({bowl.stock.pk: 1})
    waiting_lines.ask(user=buyer, variant=bowl)
    hear()
    assert told_back() == []

    inventory.release({bowl.stock.pk: 1})
    hear()

    assert told_back() == [buyer.email]


def test_one_waits_once_and_only_for_what_is_gone(shop, bowl, buyer):
    assert waiting_lines.ask(user=buyer, variant=bowl)
    assert not waiting_lines.ask(user=buyer, variant=bowl)
    with pytest.raises(waiting_lines.IsThere):
        waiting_lines.ask(user=buyer, variant=make_variant(shop, "Lamp", stock=3))

    assert BackInStockRequest.objects.count() == 1


def test_the_button_beside_what_is_sold_out(bowl, buyer, client):
    ana = Visitor(client)
    page = ana.open(bowl.product.get_absolute_url())
    assert ana.press("Tell me when it is back").url.startswith("/cart/tell-me/")
    client.force_login(buyer)
    ana.open(page.url)

    page = ana.press("Tell me when it is back")

    assert "We tell you when it is back." in page.text
    assert BackInStockRequest.objects.get().user == buyer


def test_the_page_remembers_who_waits_and_lets_them_leave(bowl, shop, buyer, stranger, client):
    client.force_login(buyer)
    ana = Visitor(client)
    lamp = make_variant(shop, "Lamp", stock=0)
    ana.open(bowl.product.get_absolute_url())
    ana.press("Tell me when it is back")
    waiting_lines.ask(user=stranger, variant=bowl)

    page = ana.open(bowl.product.get_absolute_url())
    assert "You are told when it is back." in page.text
    assert "Tell me when it is back" not in page.text
    assert "Tell me when it is back" in ana.open(lamp.product.get_absolute_url()).text
    assert "Tell me when it is back" in Visitor().open(bowl.product.get_absolute_url()).text

    ana.open(bowl.product.get_absolute_url())
    page = ana.press("Do not tell me")

    assert "We do not tell you of it." in page.text
    assert "Tell me when it is back" in page.text
    assert BackInStockRequest.objects.get().user == stranger


def test_who_is_not_signed_in_ends_the_wait_of_nobody(bowl, buyer, client):
    waiting_lines.ask(user=buyer, variant=bowl)

    answer = client.post("/cart/tell-me/stop/", {"variant": bowl.uuid})

    assert answer.url == f"{bowl.product.get_absolute_url()}?v={bowl.uuid}"
    assert client.post("/cart/tell-me/stop/", {"variant": "x"}).status_code == 404
    assert BackInStockRequest.objects.waiting().get().user == buyer


def test_a_shop_hears_each_time_that_something_becomes_low(shop, seller):
    bowl = make_variant(shop, "Oak bowl", stock=9)
    inventory.reserve({bowl.stock.pk: 1})
    hear()
    assert told("stock_low") == []

    for units in (5, 1):  # Down to three, which is low, and to two, which is no news.
        inventory.reserve({bowl.stock.pk: units})
        hear()
    assert told("stock_low") == [(seller.email, "Oak bowl is running low: 3 left.")]

    inventory.receive(bowl.stock, 5, key="2")
    hear()
    inventory.reserve({bowl.stock.pk: 5})
    hear()
    assert len(told("stock_low")) == 2


def test_what_began_low_is_no_news(shop):
    make_variant(shop, "The only one", stock=1)
    hear()

    assert told("stock_low") == []
