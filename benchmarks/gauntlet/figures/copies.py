"""A4: the same request, a hundred times at once, and again after everything has died."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from typing import Any

from benchmarks.gauntlet import driver
from benchmarks.gauntlet.driver import ADDRESS, CARDS, Journal, Shopper
from benchmarks.gauntlet.figures.figure import Size, Verdict
from benchmarks.gauntlet.http import Answer
from benchmarks.gauntlet.judge import Judge
from benchmarks.gauntlet.rig import DATABASE, Rig

COPIES = 100
ORDERS = "SELECT count(*) FROM orders_order"
PAYMENTS = "SELECT count(*) FROM orders_payment"
CAPTURED = "SELECT count(*) FROM orders_payment WHERE state = 'captured'"
A_DAY_LATER = """
    UPDATE core_idempotentrequest SET created_at = created_at - interval '25 hours',
                                      leased_at = leased_at - interval '25 hours'
"""

# One request as it is sent: path, body, and who sends it under which key.
Sent = tuple[str, Any, dict[str, str]]


def a4(rig: Rig, size: Size) -> Iterator[Verdict]:
    """50 keys, 100 parallel copies each: one order, one capture, one answer for each key."""
    rig.open_market()
    journal, keys = rig.journal(), size.of(50, at_least=5)
    *buyers, other = rig.make_world(buyers=keys + 1, stock=500, skus=5, seed=size.seed)
    checkouts = [checkout_of(buyer) for buyer in buyers]

    judge = Judge(rig, journal)
    orders = one_answer_each(judge, "checkouts", copied(rig, journal, checkouts, size.seed))
    judge.equal("orders", judge.value(ORDERS), keys)
    payments = [payment_of(order, buyer, rig) for order, buyer in zip(orders, buyers, strict=True)]
    paid = one_answer_each(judge, "payments", copied(rig, journal, payments, size.seed))
    judge.equal("captured payments", judge.value(CAPTURED), keys)
    judge.equal("payments", judge.value(PAYMENTS), keys)

    first = list(zip([*checkouts, *payments], [*orders, *paid], strict=True))
    refused_with_another_body(judge, journal, rig, first)
    somebody_elses(judge, journal, rig, other, buyers[0])
    for pid in rig.web_workers():
        os.kill(pid, signal.SIGKILL)
    judge.equal("other answers after SIGKILL", differing(rig, journal, first), 0)
    with rig.cluster.connect(DATABASE) as connection:
        connection.execute(A_DAY_LATER)
    rig.manage("shell", "-c", "from marketflow.core.tasks import forget_old_keys as f; f()")
    judge.equal("other answers after 25 hours", differing(rig, journal, first), 0)
    judge.equal("orders in the end", judge.value(ORDERS), keys + 1)
    judge.nobody_has_two()
    judge.answers("409 in_progress", "422")
    judge.audit()
    yield "", judge


def checkout_of(buyer: dict[str, str], key: str = "") -> Sent:
    body = {"quote": buyer["quote"], "email": buyer["email"], "shipping_address": ADDRESS}
    headers = {"X-Cart-Token": buyer["token"], "Idempotency-Key": key or buyer["name"]}
    return "/api/v1/checkout/", body, headers


def payment_of(order: Answer, buyer: dict[str, str], rig: Rig) -> Sent:
    placed = order.data
    headers = {"X-Order-Token": placed["token"], "Idempotency-Key": f"{buyer['name']}-pay"}
    return f"/api/v1/orders/{placed['number']}/payments/", CARDS[rig.provider], headers


def copied(rig: Rig, journal: Journal, requests: list[Sent], seed: int) -> list[list[Answer]]:
    """Send a hundred copies of each at once; who is told to wait repeats. The last answers."""
    copies = [request for request in requests for _ in range(COPIES)]

    async def send() -> list[Answer]:
        return await driver.everybody(
            copies, until_done, port=rig.port, journal=journal, seed=seed, in_flight=COPIES
        )

    answers = asyncio.run(send())
    return [answers[n : n + COPIES] for n in range(0, len(answers), COPIES)]


async def until_done(shopper: Shopper, request: Sent) -> Answer:
    path, body, headers = request
    while True:
        answer = await shopper.ask("POST", path, body, headers)
        if answer.status != 0 and answer.code != "in_progress":
            return answer
        if answer.status == 409 and "retry-after" not in answer.headers:
            shopper.journal.unexpected.append("409 in_progress without Retry-After")
        await asyncio.sleep(shopper.rng.uniform(0.1, 0.5))


def one_answer_each(judge: Judge, what: str, answers: list[list[Answer]]) -> list[Answer]:
    """Every copy was answered 201 with the same bytes. Returns one answer for each key."""
    wrong = sum(answer.status != 201 for some in answers for answer in some)
    judge.equal(f"copies of {what} not answered 201", wrong, 0)
    bodies = [len({answer.body for answer in some}) for some in answers]
    judge.equal(f"{what} with more than one answer", sum(number > 1 for number in bodies), 0)
    replayed = sum("idempotent-replayed" in a.headers for some in answers for a in some)
    judge.facts[f"replayed {what}"] = replayed
    return [some[0] for some in answers]


def sent(rig: Rig, journal: Journal, requests: list[Sent]) -> list[Answer]:
    """Each once, repeated only while no answer comes."""
    return asyncio.run(
        driver.everybody(requests, until_done, port=rig.port, journal=journal, seed=0, in_flight=8)
    )


def differing(rig: Rig, journal: Journal, first: list[tuple[Sent, Answer]]) -> int:
    """How many answers are not the first ones, byte for byte."""
    again = sent(rig, journal, [request for request, _ in first])
    return sum(
        (now.status, now.body) != (201, before.body)
        for now, (_, before) in zip(again, first, strict=True)
    )


def refused_with_another_body(
    judge: Judge, journal: Journal, rig: Rig, first: list[tuple[Sent, Answer]]
) -> None:
    changed = [(path, body | {"note": "quick"}, who) for (path, body, who), _ in first[:5]]
    before = [judge.value(ORDERS), judge.value(PAYMENTS)]
    statuses = {answer.status for answer in sent(rig, journal, changed)}
    judge.equal("another body under the key", statuses, {422})
    judge.equal(
        "orders and payments after it", [judge.value(ORDERS), judge.value(PAYMENTS)], before
    )


def somebody_elses(
    judge: Judge, journal: Journal, rig: Rig, other: dict[str, str], first: dict[str, str]
) -> None:
    """The same key from another buyer is another operation."""
    (answer,) = sent(rig, journal, [checkout_of(other, key=first["name"])])
    judge.equal("the same key of another buyer", answer.status, 201)
    judge.require("and replays", "idempotent-replayed" not in answer.headers)
