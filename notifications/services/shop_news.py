"""Telling the followers of a shop what is new in it: once for a shop and a day.

A shop may have ten thousand followers, so the receiver only notes the shop and the day; a
scheduled task tells them, a batch in each transaction. What comes later that day joins the notes
that nobody has read yet, without a further word.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from time import monotonic

from django.db import transaction
from django.utils.timezone import get_default_timezone, localtime

from accounts.models import ShopFollow
from catalog.models import Product
from notifications.models import Notification, ShopNews
from notifications.services import delivery
from notifications.services.delivery import News

KIND = "shop_news"
# On SQLite a transaction keeps everybody else from writing: a fifth of a second, not more.
BATCH = 50
RUN_SECONDS = 25
# The latest that the note names.
MOST_TITLES = 3


@transaction.atomic
def note(product_ids: Iterable[int]) -> None:
    """Have followers told of these products, as far as anybody can see them. Safe to repeat."""
    seen = Product.objects.listed().filter(pk__in=list(product_ids)).order_by()
    pairs = seen.values_list("shop", "published_at")
    for shop_id, day in sorted({(shop_id, _day_of(moment)) for shop_id, moment in pairs}):
        # From the start again: a batch that runs in this moment knows nothing of the new item.
        ShopNews.objects.update_or_create(shop_id=shop_id, day=day, defaults={"told_to": 0})


def tell_followers(*, seconds: float = RUN_SECONDS) -> int:
    """Tell followers what is noted, for about `seconds`. Returns how many heard something new.

    Killed in between, the next run goes on behind the last whole batch; two runs at once take
    different shops.
    """
    end, told = monotonic() + seconds, 0
    while monotonic() < end:
        heard = _tell_next_batch()
        if heard is None:
            break
        told += heard
    return told


@transaction.atomic
def _tell_next_batch() -> int | None:
    """How many were told; None where nothing waits."""
    row = ShopNews.objects.claimed().first()
    if row is None:
        return None
    follows = ShopFollow.objects.heard().filter(shop=row.shop_id, pk__gt=row.told_to)
    batch = list(follows.select_related("user").order_by("pk")[:BATCH])
    news = _news_of(row) if batch else None
    if news is None:
        row.delete()
        return 0
    row.told_to = batch[-1].pk
    row.save(update_fields=["told_to"])
    return _tell(batch, news)


def _news_of(row: ShopNews) -> News | None:
    """None where nobody can see any of it: taken down again, or the shop is closed."""
    begin = datetime.combine(row.day, time.min, get_default_timezone())
    products = Product.objects.listed().filter(
        shop=row.shop_id, published_at__gte=begin, published_at__lt=begin + timedelta(days=1)
    )
    latest = products.select_related("shop").order_by("-published_at", "-pk")[:MOST_TITLES]
    found = list(latest)
    if not found:
        return None
    shop = found[0].shop
    titles = ", ".join(product.title for product in found)
    return News(
        kind=KIND,
        about=f"{shop.pk}:{row.day.isoformat()}",
        page_args=(shop.slug,),
        facts={"shop": shop.name, "titles": titles},
    )


def _tell(batch: Sequence[ShopFollow], news: News) -> int:
    """Tell those who have no note of the day; bring the others' up to date while unread."""
    notes = Notification.objects.filter(
        dedupe_key=news.dedupe_key, user__in=[follow.user_id for follow in batch]
    )
    had = set(notes.values_list("user_id", flat=True))
    notes.unread().update(facts=news.facts)
    for follow in batch:
        if follow.user_id not in had:
            delivery.tell(user=follow.user, news=news)
    return len(batch) - len(had)


def _day_of(moment: datetime) -> date:
    """By the market's calendar, whoever's request this runs in."""
    return localtime(moment, get_default_timezone()).date()
