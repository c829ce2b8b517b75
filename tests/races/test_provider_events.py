"""The provider's own word against the browser's, and in a storm: A6, and ready-made test 3."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client

from accounts.tests.factories import make_shop, make_user
from catalog.tests.factories import make_variant
from marketflow.core.models import OutboxEvent
from orders.models import LedgerTransfer, Order, Payment, PaymentEvent, PaymentEventTask
from orders.services import payments, provider_events
from orders.tests.factories import make_order
from tests.psp_sim.cards import EVERY_WAY
from tests.psp_sim.events import URL, bring, told
from tests.races.racing import race

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]

# A tenth of A6. How fast the answers are, the gauntlet judges on the production processes.
SIZE = 100


def start(order: Order, method: str = "pm_card_visa") -> Payment:
    return payments.start(order=order, method="stripe", details={"payment_method": method})


# --- ready-made test 3


def bring_when_told(psp, order: Order) -> None:
    """The webhook, as soon as there is something to tell."""
    ends = time.monotonic() + 20
    while time.monotonic() < ends:
        attempt = Payment.objects.filter(order=order).first()
        events = attempt and told(psp, attempt.uuid, "payment_intent.succeeded")
        if events:
            assert bring(Client(), events[0]).status_code == 200
            return
        time.sleep(0.01)
    raise TimeoutError("the provider told nothing")


@pytest.mark.parametrize("held_ms", [0, 30, 1000])
def test_3_webhook_and_browser_at_once_are_one_order_one_capture_and_no_refund(psp, held_ms):
    """Held for a second, the browser's answer surely comes last; for no time, mostly first."""
    order = make_order(make_user("ana"), make_variant(make_shop()))
    psp.fault({"on": "capture", "do": "hold", "ms": held_ms, "times": 1})

    results = race(
        lambda: start(order),
        lambda: bring_when_told(psp, order),
        lambda: bring_when_told(psp, order),
    )
    bring_when_told(psp, order)
    provider_events.deal_with_due()

    assert not [result for result in results if isinstance(result, Exception)], results
    order.refresh_from_db()
    payment = order.payments.get()
    assert (order.state, payment.state) == ("paid", "captured")
    assert psp.amounts("capture", payment.uuid) == [order.total_minor]
    assert psp.amounts("refund", payment.uuid) == []
    assert [step.dst for step in payment.history] == ["created", "captured"]
    assert OutboxEvent.objects.filter(name="orders.OrderPaid").count() == 1
    assert PaymentEvent.objects.filter(kind="payment").count() == 1
    call_command("audit")


def test_one_event_sent_twenty_times_at_once_is_kept_once(psp):
    order = make_order(make_user("ana"), make_variant(make_shop()))
    psp.fault({"on": "capture", "do": "drop", "times": 1})
    payment = start(order)
    event = told(psp, payment.uuid, "payment_intent.succeeded")[0]

    answers = race(*[lambda: bring(Client(), event).status_code] * 20)

    assert set(answers) == {200}
    assert PaymentEvent.objects.count() == 1
    assert list(PaymentEventTask.objects.values_list("result", flat=True)) == ["applied"]
    order.refresh_from_db()
    assert order.state == "paid"
    call_command("audit")


# --- A6


@pytest.fixture
def no_nudge(monkeypatch, settings):
    """A worker works beside the web, as in production; and nobody is turned away for forging."""
    monkeypatch.setattr(provider_events, "_nudge", lambda task_id: None)
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"webhook_signature": "100000/60"}


@pytest.fixture
def worker():
    """Deals with what is due until the end of the test."""
    ending = threading.Event()

    def work() -> None:
        try:
            while not ending.is_set():
                if not provider_events.deal_with_due():
                    time.sleep(0.02)
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    ending.set()
    thread.join()


def make_payments(psp, name: str, size: int) -> list[Order]:
    """`size` orders paid in every way, the answers of a quarter lost; the provider has decided."""
    bowl = make_variant(make_shop(f"Shop of {name}"), stock=size)
    orders = []
    for n in range(size):
        order = make_order(make_user(f"{name} {n}"), bowl)
        lost = {"on": "payment_intents.confirm", "do": "drop", "times": 1}
        psp.fault(*[lost] * (n % 4 == 0))
        start(order, EVERY_WAY[n % len(EVERY_WAY)])
        orders.append(order)
    psp.fault()
    told_so_far = all_told(psp)
    for n, order in enumerate(orders):
        said = told_so_far[str(order.payments.get().uuid)][-1]["data"]["object"]
        if said["status"] in ("requires_action", "processing"):
            psp.ask("POST", f"settle/{said['id']}", {"succeeds": n % 2 == 0})
    return orders


def all_told(psp) -> dict[str, list[dict]]:
    """What the provider has told of every payment, in the order it came to be."""
    events: dict[str, list[dict]] = defaultdict(list)
    for event in told(psp, kind="payment_intent."):
        events[event["data"]["object"]["metadata"]["payment"]].append(event)
    return events


def digest(orders: list[Order]) -> list[tuple]:
    """What became of each order, without ids and times: equal digests are equal outcomes."""
    return [_digest(order) for order in orders]


def _digest(order: Order) -> tuple:
    order.refresh_from_db()
    payment = order.payments.get()
    booked = LedgerTransfer.objects.filter(payment=payment)
    return (
        order.state,
        sorted(part.state for part in order.seller_orders.all()),
        (payment.state, payment.method, payment.failure),
        (payment.captured_minor, payment.refunded_minor),
        payment.history.order_by("-seq").first().dst,
        sorted(booked.values_list("kind", "amount_minor")),
        sorted(Counter(e.data["type"] for e in payment.events.all()).items()),
        OutboxEvent.objects.filter(name="orders.OrderPaid", payload__order_id=order.pk).count(),
    )


def in_order_and_once(psp, size: int = SIZE) -> list[tuple]:
    orders = make_payments(psp, "calm", size)
    events = all_told(psp)
    for order in orders:
        for event in events[str(order.payments.get().uuid)]:
            assert bring(Client(), event).status_code == 200
            provider_events.deal_with_due()
    return digest(orders)


def in_a_storm(psp, live_server, size: int = SIZE) -> tuple[list[tuple], dict]:
    psp.ask("POST", "webhooks/forget")
    psp.webhooks(
        url=f"{live_server.url}{URL}",
        paused=True,
        copies=[1, 5],
        spread_ms=3000,
        late_rate=0.1,
        late_ms=6000,
        bad_rate=0.05,
        seed=6,
    )
    orders = make_payments(psp, "storm", size)
    psp.ask("POST", "webhooks/release")
    report = psp.settled_webhooks(seconds=240)
    wait_until_all_is_done()
    return digest(orders), report


def wait_until_all_is_done(seconds: int = 120) -> None:
    ends = time.monotonic() + seconds
    while PaymentEventTask.objects.filter(done_at=None).exists():
        assert time.monotonic() < ends, "the tasks do not end"
        time.sleep(0.1)


def test_a6_a_storm_of_events_ends_as_a_calm_does(psp, live_server, no_nudge, worker):
    calm = in_order_and_once(psp)

    stormy, report = in_a_storm(psp, live_server)

    assert stormy == calm
    answers = Counter({(kind, status): n for kind, status, n in report["answers"]})
    good = answers.pop(("good", 200))
    assert good > 2 * SIZE
    assert {status for kind, status in answers} == {400}, answers
    assert sum(answers.values()) > 5, "none of the bad ones was sent"
    call_command("audit")


def test_a6_without_the_guard_repeated_events_are_taken_for_others(
    psp, live_server, no_nudge, worker, settings
):
    """The negative control: the figure above goes red, and the money stays exact."""
    calm = in_order_and_once(psp, size=20)
    settings.TESTING, settings.DISABLED_GUARDS = True, ["event_dedupe"]

    stormy, _ = in_a_storm(psp, live_server, size=20)

    assert stormy != calm
    captured = Payment.objects.filter(state="captured").values_list("uuid", "amount_minor")
    for uuid, amount in captured:
        assert psp.amounts("capture", uuid) == [amount]
        assert psp.amounts("refund", uuid) == []
    assert Order.objects.filter(state="paid").count() == len(captured)
    call_command("audit")
