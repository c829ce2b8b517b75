"""A3: without a guard its figure turns red, or the figure proves nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from benchmarks.gauntlet import driver
from benchmarks.gauntlet.figures import copies, coupons, ledger, many_lines
from benchmarks.gauntlet.figures.figure import Size, Verdict
from benchmarks.gauntlet.judge import OVERSOLD, UNITS, Judge
from benchmarks.gauntlet.rig import DATABASE, Rig

# The second line of defence, which would hide the loss of the first.
NO_CHECK = "ALTER TABLE catalog_stockitem DROP CONSTRAINT stock_is_never_oversold"
NO_CART_IS_EVER_ORDERED = """
    DO $$ DECLARE name text; BEGIN
        FOR name IN SELECT conname FROM pg_constraint
            WHERE conrelid = 'orders_order'::regclass AND contype = 'u'
              AND conkey = (SELECT array_agg(attnum) FROM pg_attribute
                            WHERE attrelid = 'orders_order'::regclass AND attname = 'cart_id')
        LOOP EXECUTE 'ALTER TABLE orders_order DROP CONSTRAINT ' || quote_ident(name); END LOOP;
    END $$;
    CREATE FUNCTION never_ordered() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN NEW.ordered_at := NULL; RETURN NEW; END';
    CREATE TRIGGER never_ordered BEFORE UPDATE ON carts_cart
        FOR EACH ROW EXECUTE FUNCTION never_ordered();
"""
NO_LIMIT = "ALTER TABLE carts_promotion DROP CONSTRAINT promotion_used_within_its_limit"
RUNS = 3
UNITS_THERE, BUYERS, KEYS, CROWD, PAYING = 20, 300, 5, 60, 20
EVENTS = """
    SELECT count(*), count(DISTINCT split_part(event_id, '~', 1)) FROM orders_paymentevent
"""
EVENTS_LEFT = "SELECT count(*) FROM orders_paymenteventtask WHERE done_at IS NULL"


def a3(rig: Rig, size: Size) -> Iterator[Verdict]:
    """Without a guard its figure is red in 3 of 3 runs; with the constraint behind it, exact."""
    for guard, red, exact in CONTROLS:
        for run in range(RUNS if size.scale >= 1 else 1):
            yield f"without {guard}, run {run + 1}", red(rig, size.seed + run)
        if exact:
            yield f"without {guard}, its constraint kept", exact(rig, size.seed)


def disabled(guard: str) -> dict[str, str]:
    return {"MARKETFLOW_TEST": "1", "MARKETFLOW_TEST_DISABLE": guard}


def drop(rig: Rig, defence: str) -> None:
    with rig.cluster.connect(DATABASE) as connection:
        connection.execute(defence)


def race_for_stock(rig: Rig, seed: int, *, defence_is_kept: bool) -> Judge:
    rig.open_market("web", **disabled("stock_condition"))
    if not defence_is_kept:
        drop(rig, NO_CHECK)
    journal = rig.journal()
    buyers = rig.make_world(buyers=BUYERS, stock=UNITS_THERE, skus=2, seed=seed)
    asyncio.run(
        driver.everybody(
            buyers,
            lambda shopper, buyer: shopper.buy(buyer, pays=False),
            port=rig.port,
            journal=journal,
            seed=seed,
        )
    )
    judge = Judge(rig, journal)
    sold = int(judge.value(UNITS))
    if defence_is_kept:
        judge.equal("units sold", sold, UNITS_THERE)
        judge.equal("variants oversold", len(judge.rows(OVERSOLD)), 0)
    else:
        judge.facts["units sold"] = f"{sold} of {UNITS_THERE}"
        judge.require("A1 stays green without the condition", sold > UNITS_THERE)
    return judge


def shuffled_locks(rig: Rig, seed: int) -> Judge:
    """Deadlocks come. That whoever was given up begins anew, and nothing is oversold, is R3."""
    rig.open_market("web", **disabled("pk_order"))
    before, journal = rig.cluster.deadlocks(), rig.journal()
    buyers = rig.make_world(
        buyers=CROWD, stock=CROWD * 100, skus=many_lines.SKUS, shops=2, lines=5, seed=seed
    )
    # So many of them that somebody may never get through.
    judge = Judge(rig, journal)
    try:
        many_lines.check_out(rig, buyers, journal, seed)
    except* driver.GaveUp as gone:
        judge.facts["buyers who gave up"] = len(gone.exceptions)
    deadlocks, orders = rig.cluster.deadlocks() - before, judge.value(copies.ORDERS)
    judge.facts |= {"deadlocks": deadlocks, "orders": f"{orders} of {CROWD}"}
    judge.require("A2 stays green without the order of locks", deadlocks > 0)
    judge.equal("units sold", int(judge.value(UNITS)), orders * 5)
    return judge


def copies_without_a_claim(rig: Rig, seed: int, *, defence_is_kept: bool) -> Judge:
    rig.open_market("web", **disabled("idempotency_unique"))
    if not defence_is_kept:
        drop(rig, NO_CART_IS_EVER_ORDERED)
    journal = rig.journal()
    buyers = rig.make_world(buyers=KEYS, stock=1000, skus=5, seed=seed)
    copies.copied(rig, journal, [copies.checkout_of(buyer) for buyer in buyers], seed)
    judge = Judge(rig, journal)
    orders = judge.value(copies.ORDERS)
    if defence_is_kept:
        judge.equal("orders", orders, KEYS)
    else:
        judge.facts["orders"] = f"{orders} for {KEYS} keys"
        judge.require("A4 stays green without the claim of the key", orders > KEYS)
    return judge


def race_for_a_coupon(rig: Rig, seed: int, *, defence_is_kept: bool) -> Judge:
    rig.open_market("web", **disabled("promotion_counter"))
    if not defence_is_kept:
        drop(rig, NO_LIMIT)
    uses, journal = 10, rig.journal()
    buyers = rig.make_world(buyers=BUYERS, stock=5000, skus=5, coupon_uses=uses, seed=seed)
    coupons.race(rig, buyers, journal, seed)
    judge = Judge(rig, journal)
    used = judge.value(coupons.USED)
    if defence_is_kept:
        judge.equal("redemptions", used, uses)
    else:
        judge.facts["redemptions"] = f"{used} of {uses}"
        judge.require("A5b stays green without the condition of the counter", used > uses)
    return judge


def events_not_recognised(rig: Rig, seed: int) -> Judge:
    """A repeated event is taken for another. No constraint hides that: its name is its identity.

    The states behind it keep the money exact all the same.
    """
    rig.open_market(**disabled("event_dedupe"))
    rig.psp.webhooks(copies=[2, 4])
    journal = rig.journal()
    buyers = rig.make_world(buyers=PAYING, stock=1000, skus=5, seed=seed)
    asyncio.run(
        driver.everybody(
            buyers,
            lambda shopper, buyer: shopper.buy(buyer),
            port=rig.port,
            journal=journal,
            seed=seed,
        )
    )
    judge = Judge(rig, journal)
    rig.psp.settled_webhooks()
    rig.wait_until("every event is dealt with", lambda: judge.value(EVENTS_LEFT) == 0)
    ((kept, sent),) = judge.rows(EVENTS)
    judge.facts["events kept"] = f"{kept} of {sent}"
    judge.require("A6 stays green without recognising repeated events", kept > sent)
    judge.equal("payments captured", judge.value(copies.CAPTURED), PAYING)
    judge.nobody_has_two()
    judge.ledger_is_zero()
    judge.audit()
    return judge


def books_without_a_condition(rig: Rig, seed: int, *, defence_is_kept: bool) -> Judge:
    """Of A11's machine, which has this control as tests: the first passes where it is red."""
    is_red = "test_without_the_condition_and_its_constraint_the_machine_goes_red"
    is_exact = "test_without_the_condition_the_constraint_keeps_the_books"
    test = f"{ledger.MODEL}::{is_exact if defence_is_kept else is_red}"
    told = ledger.run(rig, Size(seed), test, f"{rig.cluster.url}/books")
    judge = ledger.judged(rig, told)
    judge.equal("tests", told["tests"], 1)
    return judge


Control = Callable[[Rig, int], Judge]
CONTROLS: list[tuple[str, Control, Control | None]] = [
    (
        "stock_condition",
        lambda rig, seed: race_for_stock(rig, seed, defence_is_kept=False),
        lambda rig, seed: race_for_stock(rig, seed, defence_is_kept=True),
    ),
    ("pk_order", shuffled_locks, None),
    (
        "idempotency_unique",
        lambda rig, seed: copies_without_a_claim(rig, seed, defence_is_kept=False),
        lambda rig, seed: copies_without_a_claim(rig, seed, defence_is_kept=True),
    ),
    (
        "promotion_counter",
        lambda rig, seed: race_for_a_coupon(rig, seed, defence_is_kept=False),
        lambda rig, seed: race_for_a_coupon(rig, seed, defence_is_kept=True),
    ),
    ("event_dedupe", events_not_recognised, None),
    (
        "refund_condition",
        lambda rig, seed: books_without_a_condition(rig, seed, defence_is_kept=False),
        lambda rig, seed: books_without_a_condition(rig, seed, defence_is_kept=True),
    ),
]
