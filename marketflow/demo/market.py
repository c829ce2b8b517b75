"""The whole demo market, at any size."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import time_machine
from django.db.models import F
from django.test.utils import override_settings
from django.utils.timezone import now

from accounts.models import Shop, User
from analytics.services import affinities, rollups
from marketflow.core import events
from marketflow.demo import stock_room, till
from marketflow.demo.followers import let_people_follow
from marketflow.demo.history import History
from notifications.models import Notification

# Quiet: nobody is written to, and everything happens in this process.
QUIET = {
    "CELERY_TASK_ALWAYS_EAGER": True,
    "EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend",
}


@dataclass(frozen=True)
class Size:
    shops: int = 14
    products: int = 240
    orders: int = 400
    days: int = 90
    seed: int = 1


# Called with what is being made, how many there will be, and returns what to call per one.
Progress = Callable[[str, int], Callable[[int], None]]


def seed(size: Size, progress: Progress) -> None:
    """Fill an empty database. The same size and seed make the same market.

    Numbers of orders and ids are random, as everywhere; times count back from now.
    """
    rng = random.Random(size.seed)
    with override_settings(**QUIET), events.held():
        opening = now() - timedelta(days=size.days + 7)
        with time_machine.travel(opening, tick=True):
            buyer, seller, staff = stock_room.make_cast()
            stock_room.make_tax_rates()
            made = stock_room.make_shops(size.shops, staff)
            till.open_bank_accounts([shop for shop, _ in made], opening)
            stock_room.make_products(made, size.products, rng, progress("products", size.products))
            till.make_commission_rules()
            till.make_promotions([shop for shop, _ in made], opening)
        history = History(days=size.days, orders=size.orders, rng=rng, buyer=buyer, staff=staff)
        with _time_to_return(size.days):
            history.happen(progress("orders", size.orders))
        let_people_follow(history.people, [shop for shop, _ in made], random.Random(size.seed))
        till.set_rhythms([shop for shop, _ in made])
        while events.relay(1000):
            continue
        rollups.rebuild(opening.date(), now().date())
        affinities.rebuild()
        _read_most_of_the_news([buyer, seller, staff])


def _read_most_of_the_news(people: Sequence[User]) -> None:
    """All but the latest of those whom visitors can sign in as."""
    told = Notification.objects.order_by("-created_at", "-pk")
    latest = [one.pk for person in people for one in told.filter(user=person)[:3]]
    Notification.objects.exclude(pk__in=latest).update(read_at=F("created_at"))


@contextmanager
def _time_to_return(days: int) -> Iterator[None]:
    """The database's clock decides whether a return comes in time, and it can't be moved."""
    meant = Shop._meta.get_field("returns_days").default
    Shop.objects.update(returns_days=meant + days)
    yield
    Shop.objects.update(returns_days=meant)
