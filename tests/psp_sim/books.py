"""The provider's books: its objects, what moved, and the answers kept under idempotency keys."""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY, id TEXT UNIQUE, kind TEXT, parent TEXT, created INTEGER, body TEXT
);
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (kind, parent, seq);
CREATE TABLE IF NOT EXISTS labels (object TEXT, name TEXT, value TEXT);
CREATE INDEX IF NOT EXISTS labels_by_value ON labels (name, value);
CREATE TABLE IF NOT EXISTS entries (
    seq INTEGER PRIMARY KEY, kind TEXT, object TEXT, reference TEXT, amount INTEGER, currency TEXT
);
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, fingerprint TEXT, status INTEGER, body TEXT
);
"""
# What each kind of entry does to what the provider holds for the market.
SIGNS = {"capture": 1, "refund": -1, "refund_failed": 1, "transfer": -1, "reversal": 1}
SIGNS |= {"charge_fee": -1, "dispute": -1, "won": 1, "fee": -1, "fee_back": 1}
Object = dict[str, Any]


class Books:
    def __init__(self, path: Path | str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + SCHEMA)
        # The kinds of entry written since the transaction began: what faults go by.
        self.moved: list[str] = []

    def __enter__(self) -> Books:
        self.moved = []
        self._db.execute("BEGIN IMMEDIATE")
        return self

    def __exit__(self, kind: object, *rest: object) -> None:
        self._db.execute("COMMIT" if kind is None else "ROLLBACK")

    def add(self, prefix: str, kind: str, parent: str = "", **fields: Any) -> Object:
        """A new object of Stripe's `kind`; `metadata` becomes findable."""
        created = int(time.time())
        body = {"id": f"{prefix}_{secrets.token_hex(12)}", "object": kind, "created": created}
        body |= {"livemode": False} | fields
        self._db.execute(
            "INSERT INTO objects (id, kind, parent, created, body) VALUES (?, ?, ?, ?, ?)",
            [body["id"], kind, parent, created, json.dumps(body)],
        )
        labels = fields.get("metadata", {}) | {
            "transfer_group": fields.get("transfer_group") or ""
        }
        self._db.executemany(
            "INSERT INTO labels VALUES (?, ?, ?)",
            [(body["id"], name, value) for name, value in labels.items() if value],
        )
        return body

    def save(self, body: Object) -> Object:
        sql = "UPDATE objects SET body = ? WHERE id = ?"
        self._db.execute(sql, [json.dumps(body), body["id"]])
        return body

    def get(self, id: str, kind: str = "") -> Object | None:
        sql = "SELECT body FROM objects WHERE id = ? AND ? IN (kind, '')"
        row = self._db.execute(sql, [id, kind]).fetchone()
        return json.loads(row[0]) if row else None

    def parent_of(self, id: str) -> str:
        row = self._db.execute("SELECT parent FROM objects WHERE id = ?", [id]).fetchone()
        return row[0] if row else ""

    def find(
        self, kind: str, parent: str = "", since: int = 0, until: int = 2**40
    ) -> list[Object]:
        """Newest first."""
        sql = (
            "SELECT body FROM objects WHERE kind = ? AND ? IN (parent, '') "
            "AND created BETWEEN ? AND ? ORDER BY seq DESC"
        )
        rows = self._db.execute(sql, [kind, parent, since, until])
        return [json.loads(row[0]) for row in rows]

    def labelled(self, kind: str, name: str, value: str) -> list[Object]:
        sql = (
            "SELECT body FROM objects JOIN labels ON object = id "
            "WHERE kind = ? AND name = ? AND value = ? ORDER BY seq DESC"
        )
        return [json.loads(row[0]) for row in self._db.execute(sql, [kind, name, value])]

    def enter(self, kind: str, body: Object, reference: str, amount: int | None = None) -> None:
        """Money moved: `reference` is what the market calls the payment or the payout."""
        self.moved.append(kind)
        self._db.execute(
            "INSERT INTO entries (kind, object, reference, amount, currency) "
            "VALUES (?, ?, ?, ?, ?)",
            [kind, body["id"], reference, amount or body["amount"], body["currency"]],
        )

    def entries(self, kind: str = "", reference: str = "") -> list[Object]:
        sql = (
            "SELECT kind, object, reference, amount, currency FROM entries "
            "WHERE ? IN (kind, '') AND ? IN (reference, '') ORDER BY seq"
        )
        names = ["kind", "object", "reference", "amount", "currency"]
        rows = self._db.execute(sql, [kind, reference])
        return [dict(zip(names, row, strict=True)) for row in rows]

    def balance(self) -> dict[str, int]:
        """What the provider holds for the market, by currency."""
        sums: dict[str, int] = {}
        sql = "SELECT kind, currency, sum(amount) FROM entries GROUP BY kind, currency"
        for kind, currency, amount in self._db.execute(sql):
            sums[currency] = sums.get(currency, 0) + SIGNS[kind] * amount
        return sums

    def answer(self, key: str) -> tuple[str, int, Any] | None:
        """The fingerprint, status and body kept under an idempotency key."""
        sql = "SELECT fingerprint, status, body FROM answers WHERE key = ?"
        row = self._db.execute(sql, [key]).fetchone()
        return (row[0], row[1], json.loads(row[2])) if row else None

    def keep_answer(self, key: str, fingerprint: str, status: int, body: Any) -> None:
        sql = "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)"
        self._db.execute(sql, [key, fingerprint, status, json.dumps(body)])
