"""A6: the provider's events repeated, shuffled, late, and bad ones among them."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Iterator
from typing import Any

from benchmarks.gauntlet import driver
from benchmarks.gauntlet.driver import Shopper
from benchmarks.gauntlet.figures.figure import Size, Verdict
from benchmarks.gauntlet.judge import Judge
from benchmarks.gauntlet.rig import Rig
from tests.psp_sim.cards import EVERY_WAY
from tests.psp_sim.webhooks import WRONG

PAYMENTS, LATE, SPREAD = 1_000, 600, 300  # the latter two in seconds
SLOWEST = 200  # milliseconds, of 99 in 100 answers
ILL_SIGNED = ["forged", "stale", "unsigned", "tampered"]
# Forging is not limited here: each bad one is judged by itself. What is closed stays closed.
# Holds outlast the latest event (LATE + SPREAD are a quarter of an hour, as the usual hold is): an
# order that nobody paid expires in the storm alone otherwise, whatever the events say.
SWITCHES = {"RATE_LIMIT_WEBHOOK_SIGNATURE": "1000000/60", "ORDER_HOLD_MINUTES": "60"}
UNDECIDED = """
    SELECT o.email, p.provider_reference FROM orders_payment p
    JOIN orders_order o ON o.id = p.order_id
    WHERE p.state IN ('requires_action', 'processing')
"""
EVENTS_LEFT = "SELECT count(*) FROM orders_paymenteventtask WHERE done_at IS NULL"
KEPT = "SELECT count(*) FROM orders_paymentevent"
# What became of each buyer's order, without ids and moments: equal rows are equal outcomes.
OUTCOMES = """
    SELECT o.email, o.state, p.state, p.method, p.failure, p.captured_minor, p.refunded_minor,
        (SELECT array_agg(so.state ORDER BY so.id) FROM orders_sellerorder so
            WHERE so.order_id = o.id),
        (SELECT array_agg(t.kind || ' ' || t.amount_minor ORDER BY t.kind)
            FROM orders_ledgertransfer t WHERE t.payment_id = p.id),
        (SELECT array_agg(e.data->>'type' ORDER BY e.data->>'type') FROM orders_paymentevent e
            WHERE e.payment_id = p.id),
        (SELECT count(*) FROM core_outboxevent x
            WHERE x.name = 'orders.OrderPaid' AND (x.payload->>'order_id')::bigint = o.id)
    FROM orders_order o JOIN orders_payment p ON p.order_id = o.id ORDER BY o.email, p.id
"""


def a6(rig: Rig, size: Size) -> Iterator[Verdict]:
    """1,000 payments: their events in order and once, then in a storm with bad ones among them."""
    calm = Judge(rig)
    expected = paid(rig, size, calm)
    yield "in order and once", calm

    stormy = Judge(rig)
    found = paid(rig, size, stormy, storm=storm(size))
    different = [pair for pair in itertools.zip_longest(expected, found) if pair[0] != pair[1]]
    stormy.equal("outcomes that differ", len(different), 0)
    # What was refused left nothing behind.
    stormy.equal("events kept", stormy.facts["events kept"], calm.facts["events kept"])
    for pair in different[:3]:
        stormy.problems.append(f"calm {pair[0]}, stormy {pair[1]}")
    yield "in a storm", stormy


def storm(size: Size) -> dict[str, Any]:
    return {
        "paused": True,
        "copies": [1, 5],
        "spread_ms": size.of(SPREAD * 1000, at_least=3000),
        "late_rate": 0.1,
        "late_ms": size.of(LATE * 1000, at_least=6000),
        "bad_rate": 0.05,
        "seed": size.seed,
    }


def paid(
    rig: Rig, size: Size, judge: Judge, *, storm: dict[str, Any] | None = None
) -> list[tuple]:
    """The outcomes of orders paid in every way, once all that was told of them is dealt with."""
    rig.open_market(**SWITCHES)
    judge.journal = journal = rig.journal()
    number = size.of(PAYMENTS, at_least=50)
    buyers = rig.make_world(buyers=number, stock=number * 2, skus=20, seed=size.seed)
    places = {buyer["email"]: place for place, buyer in enumerate(buyers)}
    if storm:
        rig.psp.webhooks(**storm)

    async def order_and_pay(shopper: Shopper, buyer: dict[str, str]) -> None:
        order = await shopper.buy(buyer, pays=False)
        way = EVERY_WAY[places[buyer["email"]] % len(EVERY_WAY)]
        card = {"method": "stripe", "payment_method": way}
        url, who = f"/api/v1/orders/{order['number']}/", {"X-Order-Token": order["token"]}
        await shopper.insist(buyer, "payment", f"{url}payments/", card, who)

    asyncio.run(
        driver.everybody(
            buyers, order_and_pay, port=rig.port, journal=journal, seed=size.seed, in_flight=8
        )
    )
    for email, reference in judge.rows(UNDECIDED):
        succeeds = places[email] % 2 == 0
        rig.psp.ask("POST", f"settle/{reference}", {"succeeds": succeeds})
    if storm:
        rig.psp.ask("POST", "webhooks/release")
    report = rig.psp.settled_webhooks(seconds=2 * (LATE + SPREAD))
    rig.wait_until("every event is dealt with", lambda: judge.value(EVENTS_LEFT) == 0, 120)
    judge_answers(judge, report, number)
    judge.facts["answered within"] = f"{report['p50_ms']} ms, half of them"
    if storm:
        judge.at_most("milliseconds, 99 of 100", report["p99_ms"], SLOWEST)
        judge.at_least("bad events sent", judge.facts["bad events sent"], number // 20)
    judge.nobody_has_two()
    judge.ledger_is_zero()
    judge.audit()
    return judge.rows(OUTCOMES)


def judge_answers(judge: Judge, report: dict[str, Any], payments: int) -> None:
    answers = Counter({(kind, status): times for kind, status, times in report["answers"]})
    good = answers.pop(("good", 200), 0)
    judge.at_least("good events taken", good, payments)
    judge.equal("answers to good events", statuses(answers, "good"), set())
    judge.equal("answers to ill signed ones", statuses(answers, *ILL_SIGNED) - {400}, set())
    # Of a kind that the market has no use for, a wrong one is ignored as a right one is.
    judge.equal("answers to wrong ones", statuses(answers, *WRONG) - {200, 400}, set())
    judge.facts["bad events sent"] = sum(answers.values())
    judge.facts["events kept"] = judge.value(KEPT)


def statuses(answers: Counter[tuple[str, int]], *kinds: str) -> set[int]:
    return {status for kind, status in answers if kind in kinds}
