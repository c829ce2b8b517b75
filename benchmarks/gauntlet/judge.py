"""Who decides: the audit, the provider's own books, the journal, and PostgreSQL's log."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from benchmarks.gauntlet.driver import Journal
from benchmarks.gauntlet.rig import DATABASE, Rig

UNITS = """
    SELECT coalesce(sum(l.quantity - l.released), 0) FROM orders_orderline l
    JOIN orders_sellerorder so ON so.id = l.seller_order_id
    JOIN orders_order o ON o.id = so.order_id WHERE o.state NOT IN ('expired', 'cancelled')
"""
STOCK = "SELECT coalesce(sum(on_hand), 0) FROM catalog_stockitem"
OVERSOLD = """
    SELECT s.id, s.on_hand, sum(l.allocated) FROM catalog_stockitem s
    JOIN orders_orderline l ON l.stock_item_id = s.id GROUP BY s.id
    HAVING sum(l.allocated) > s.on_hand
"""
ORDERED_TWICE = "SELECT email FROM orders_order GROUP BY email HAVING count(*) > 1"
LEDGER = "SELECT currency, sum(balance_minor) FROM orders_ledgeraccount GROUP BY currency"
PAID = "SELECT p.uuid FROM orders_payment p WHERE p.captured_minor > 0"
KEYS = "SELECT count(*) FROM core_idempotentrequest WHERE state <> 'finished'"
NUMBERS = "SELECT number, email FROM orders_order"


class Judge:
    """Collects what is wrong; `problems` is empty where the promise was kept.

    Without a rig (the demo server has none) only the comparisons and the journal serve.
    """

    def __init__(self, rig: Rig | None, journal: Journal | None = None) -> None:
        self.rig, self.journal = rig, journal
        self.problems: list[str] = []
        self.facts: dict[str, Any] = {}

    def rows(self, query: str) -> list[tuple]:
        with self.rig.cluster.connect(DATABASE) as connection:
            return connection.execute(query).fetchall()

    def value(self, query: str) -> Any:
        return self.rows(query)[0][0]

    def require(self, what: str, holds: bool) -> None:
        if not holds:
            self.problems.append(what)

    def equal(self, what: str, found: Any, expected: Any) -> None:
        self.facts[what] = found
        self.require(f"{what}: {found} instead of {expected}", found == expected)

    def at_most(self, what: str, found: float, limit: float) -> None:
        self.facts[what] = round(found, 2)
        self.require(f"{what}: {found:.2f}, at most {limit}", found <= limit)

    def at_least(self, what: str, found: float, limit: float) -> None:
        self.facts[what] = round(found, 2)
        self.require(f"{what}: {found:.2f}, at least {limit}", found >= limit)

    def audit(self) -> None:
        audited = self.rig.manage("audit", "--json")
        try:
            broken = [f for f in json.loads(audited.stdout)["invariants"] if not f["ok"]]
        except ValueError:
            self.problems.append(f"the audit broke off: {audited.stderr[-500:]}")
            return
        for fact in broken:
            self.problems.append(f"{fact['code']} {fact['title']}: {fact['rows'][:3]}")
        self.facts["audit"] = f"{len(broken)} broken" if broken else "all hold"

    def nobody_has_two(self) -> None:
        """No buyer with two orders, none with two captures, by the provider's own books."""
        self.equal("buyers with two orders", len(self.rows(ORDERED_TWICE)), 0)
        if self.rig.provider != "stripe":
            return
        captures = Counter(entry["reference"] for entry in self.rig.psp.entries("capture"))
        twice = [reference for reference, number in captures.items() if number > 1]
        self.equal("payments captured twice", len(twice), 0)
        ours = {str(uuid) for (uuid,) in self.rows(PAID)}
        self.equal("captures that the market does not know", len(set(captures) - ours), 0)
        self.equal("captures that the provider does not know", len(ours - set(captures)), 0)

    def ledger_is_zero(self) -> None:
        off = [(currency, int(total)) for currency, total in self.rows(LEDGER) if total]
        self.equal("ledger", off, [])

    def deadlocks(self, before: int) -> None:
        self.equal("deadlocks", self.rig.cluster.deadlocks() - before, 0)

    def journal_agrees(self) -> None:
        """Every order that was answered exists, and somebody meant every order that exists."""
        lines = self.journal.lines()
        answered = {line["number"] for line in lines if line.get("number") and "answer" in line}
        meant = {line["email"] for line in lines if line.get("what") == "order"}
        kept = dict(self.rows(NUMBERS))
        self.equal("answered orders that do not exist", len(answered - kept.keys()), 0)
        self.equal("orders that nobody meant", len(set(kept.values()) - meant), 0)

    def answers(self, *allowed: str) -> None:
        """No answer with 500, nor any other that a client could not expect."""
        self.facts["answers"] = dict(self.journal.statuses)
        strange = [s for s in self.journal.statuses if not s.startswith(("2", "no", *allowed))]
        self.equal("unexpected answers", sorted(strange) + self.journal.unexpected[:3], [])
