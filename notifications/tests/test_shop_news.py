"""New items of followed shops: once for a shop and a day, to who wants it and can see it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Shop, User
from accounts.services import following
from accounts.tests.factories import make_user
from catalog.models import Product
from catalog.services import listing
from catalog.tests.factories import make_variant
from marketflow.core import events
from marketflow.core.models import OutboxEvent
from notifications.kinds import Channel
from notifications.models import Habits, Mail, Notification, Preference, ShopNews
from notifications.services import digest, shop_news
from notifications.tests.test_receivers import hear

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def put_on_sale(shop: Shop, title: str) -> Product:
    product = make_variant(shop, title, state="draft").product
    listing.publish_product(product)
    return product


def tell() -> int:
    hear()
    return shop_news.tell_followers()


def told(user: User) -> list[str]:
    notes = Notification.objects.filter(user=user, kind="shop_news").order_by("pk")
    return [note.text for note in notes]


@pytest.fixture
def ana(buyer, shop):
    following.follow(user=buyer, shop=shop)
    return buyer


def test_a_follower_is_told_and_a_stranger_is_not(ana, stranger, shop):
    put_on_sale(shop, "Oak bowl")

    assert [tell(), tell()] == [1, 0]

    assert told(ana) == ["Fern & Co has something new: Oak bowl."]
    assert Notification.objects.get(user=ana).path == "/shops/fern-co/?ordering=newest"
    assert told(stranger) == []
    assert not ShopNews.objects.exists()
    assert not Mail.objects.exists()


def test_what_comes_later_that_day_joins_the_unread_note(ana, shop):
    with time_machine.travel(NOON, tick=True) as clock:
        for title in ("Oak bowl", "Ash bowl", "Elm bowl", "Yew bowl"):
            put_on_sale(shop, title)
            tell()
            clock.shift(timedelta(minutes=1))

    assert told(ana) == ["Fern & Co has something new: Yew bowl, Elm bowl, Ash bowl."]


def test_a_note_that_was_read_stays_as_it_was_and_the_next_day_is_news(ana, shop):
    with time_machine.travel(NOON, tick=True) as clock:
        put_on_sale(shop, "Oak bowl")
        tell()
        Notification.objects.update(read_at=NOON)
        put_on_sale(shop, "Ash bowl")
        assert tell() == 0
        clock.shift(timedelta(days=1))
        put_on_sale(shop, "Elm bowl")
        tell()

    assert told(ana) == [
        "Fern & Co has something new: Oak bowl.",
        "Fern & Co has something new: Elm bowl.",
    ]


def test_each_shop_is_news_of_its_own(ana, shop, rival):
    following.follow(user=ana, shop=rival)
    for one, title in ((shop, "Oak bowl"), (rival, "Brass lamp")):
        put_on_sale(one, title)
    tell()

    assert sorted(told(ana)) == [
        "Fern & Co has something new: Oak bowl.",
        "Rival Goods has something new: Brass lamp.",
    ]


def test_only_the_first_time_on_sale_is_news(ana, shop):
    product = put_on_sale(shop, "Oak bowl")
    tell()
    OutboxEvent.objects.all().delete()
    listing.unpublish_product(product)
    listing.publish_product(product)
    listing.refresh([product])

    assert "catalog.ProductsPublished" not in OutboxEvent.objects.values_list("name", flat=True)


@pytest.mark.parametrize(
    "change",
    [
        lambda ana, shop: following.mute(user=ana, shop=shop, is_muted=True),
        lambda ana, shop: following.unfollow(user=ana, shop=shop),
        lambda ana, shop: User.objects.filter(pk=ana.pk).update(is_active=False),
        lambda ana, shop: Shop.objects.filter(pk=shop.pk).update(state="suspended"),
        lambda ana, shop: Product.objects.update(state="archived"),
        lambda ana, shop: Product.objects.update(is_listed=False),
    ],
    ids=["muted", "unfollowed", "gone", "suspended", "taken down", "hidden"],
)
@pytest.mark.parametrize("is_late", [False, True], ids=["before", "while it waits"])
def test_who_does_not_want_it_or_cannot_see_it_is_told_nothing(ana, shop, change, is_late):
    put_on_sale(shop, "Oak bowl")
    if is_late:
        hear()
    change(ana, shop)

    tell()

    assert told(ana) == []
    assert not ShopNews.objects.exists()


def test_the_channels_are_those_that_somebody_chose(ana, stranger, shop):
    following.follow(user=stranger, shop=shop)
    for user, channel, is_on in (
        (ana, Channel.EMAIL, True),
        (stranger, Channel.IN_APP, False),
    ):
        Preference.objects.create(user=user, kind="shop_news", channel=channel, is_on=is_on)
    put_on_sale(shop, "Oak bowl")
    tell()

    [mail] = Mail.objects.all()
    assert (mail.recipient, mail.subject) == (
        ana.email,
        "Fern & Co has something new: Oak bowl.",
    )
    assert mail.unsubscribe_url
    assert "/shops/fern-co/?ordering=newest" in mail.text
    assert not Notification.objects.visible_to(stranger).exists()


def test_a_digest_gathers_it(ana, shop):
    Habits.objects.create(user=ana, digest_at="00:00")
    Preference.objects.create(user=ana, kind="shop_news", channel=Channel.EMAIL, is_on=True)
    put_on_sale(shop, "Oak bowl")
    tell()
    assert not Mail.objects.exists()

    digest.write_due()

    assert "Fern & Co has something new: Oak bowl." in Mail.objects.get().text


# --- many followers


def follow_by(count: int, shop: Shop) -> list[User]:
    people = [make_user(f"p{number}") for number in range(count)]
    for person in people:
        following.follow(user=person, shop=shop)
    return people


def test_publishing_costs_the_same_however_many_follow(ana, shop):
    def cost(title: str) -> int:
        product = make_variant(shop, title, state="draft").product
        with CaptureQueriesContext(connection) as queries:
            listing.publish_product(product)
            while events.relay():
                continue
        return len(queries)

    cost("Oak bowl")
    one = cost("Ash bowl")
    follow_by(5, shop)

    assert cost("Elm bowl") == one
    assert not Notification.objects.exists()


def test_each_batch_is_told_by_itself_and_the_next_run_goes_on_behind_it(shop, monkeypatch):
    monkeypatch.setattr(shop_news, "BATCH", 2)
    people = follow_by(5, shop)
    put_on_sale(shop, "Oak bowl")
    hear()

    assert shop_news._tell_next_batch() == 2
    assert Notification.objects.count() == 2
    assert shop_news.tell_followers() == 3

    assert [len(told(person)) for person in people] == [1] * 5


def test_an_item_that_comes_in_between_reaches_everybody(shop, monkeypatch):
    monkeypatch.setattr(shop_news, "BATCH", 2)
    people = follow_by(3, shop)
    with time_machine.travel(NOON, tick=True) as clock:
        put_on_sale(shop, "Oak bowl")
        hear()
        shop_news._tell_next_batch()
        clock.shift(timedelta(minutes=1))
        put_on_sale(shop, "Ash bowl")
        tell()

    words = "Fern & Co has something new: Ash bowl, Oak bowl."
    assert [told(person) for person in people] == [[words]] * 3


def test_a_run_ends_when_its_time_is_up(ana, shop):
    put_on_sale(shop, "Oak bowl")
    hear()

    assert shop_news.tell_followers(seconds=0) == 0
    assert ShopNews.objects.exists()


def test_those_who_have_the_note_cost_nothing_each(shop):
    def cost(title: str) -> int:
        put_on_sale(shop, title)
        hear()
        with CaptureQueriesContext(connection) as queries:
            shop_news.tell_followers()
        return len(queries)

    follow_by(2, shop)
    tell()
    cost("Oak bowl")
    two = cost("Ash bowl")
    follow_by(7, shop)
    cost("Elm bowl")

    assert cost("Yew bowl") == two
