"""A storm of buyers: threads with a connection each, who all check out at once."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from django.db import connection

from catalog.services.inventory import OutOfStock
from marketflow.core import events
from orders import gateways
from orders.gateways.test import CAPTURED
from orders.models import Order, Payment
from orders.services import checkout, payments
from orders.services.rehearsal import Buyer

SOLD, REFUSED, FAILED = "sold", "refused", "failed"


@dataclass(frozen=True)
class Outcome:
    """What a buyer got. `seconds` is what placing the order took."""

    kind: str
    seconds: float
    problem: str = ""


def blow(
    buyers: Iterable[Buyer], *, at_once: int, reached: Callable[[int], None]
) -> tuple[list[Outcome], float]:
    """Let `buyers` check out, `at_once` of them at a time from one starting line.

    `reached` is told how many are done. Returns the outcomes, and the seconds it took.
    """
    waiting, taking = iter(list(buyers)), threading.Lock()
    line = threading.Barrier(at_once + 1)
    outcomes: list[Outcome] = []

    def next_buyer() -> Iterator[Buyer]:
        while True:
            with taking:
                buyer = next(waiting, None)
            if buyer is None:
                return
            yield buyer

    def shop_on() -> None:
        try:
            connection.ensure_connection()
            line.wait(timeout=60)
            # Nobody is told meanwhile: what is measured is the checkout.
            with events.held():
                for buyer in next_buyer():
                    outcomes.append(_buy(buyer))
                    reached(len(outcomes))
        finally:
            connection.close()

    with ThreadPoolExecutor(at_once) as pool:
        threads = [pool.submit(shop_on) for _ in range(at_once)]
        line.wait(timeout=60)
        started = time.monotonic()
        for thread in threads:
            thread.result()
        return outcomes, time.monotonic() - started


def percentiles(outcomes: list[Outcome]) -> tuple[float, float]:
    """The median and the 99th percentile of placing an order, in milliseconds."""
    spans = [outcome.seconds * 1000 for outcome in outcomes]
    if len(spans) < 2:
        return spans[0], spans[0]
    cuts = statistics.quantiles(spans, n=100, method="inclusive")
    return cuts[49], cuts[98]


def _buy(buyer: Buyer) -> Outcome:
    started = time.monotonic()
    try:
        order = checkout.place_order(cart=buyer.cart, quote=buyer.quote, delivery=buyer.delivery)
    except OutOfStock:
        return Outcome(REFUSED, time.monotonic() - started)
    except Exception as problem:  # noqa: BLE001 - counted, named and a failure of the command
        return Outcome(FAILED, time.monotonic() - started, repr(problem))
    seconds = time.monotonic() - started
    return Outcome(SOLD, seconds) if _is_paid(order) else Outcome(FAILED, seconds, "not paid")


def _is_paid(order: Order) -> bool:
    """Pay by test card; True too where no provider of this market takes one."""
    if gateways.named("test") is None:
        return True
    payment = payments.start(order=order, method="test", details={"card": CAPTURED})
    return payment.state == Payment.State.CAPTURED
