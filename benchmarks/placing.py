"""Placing orders in the process, and the very statements of it as a script for pgbench.

Runs in the market's environment, once for each step:

    python -m benchmarks.placing prepare --carts N --script FILE
    python -m benchmarks.placing work --first N --number N

`prepare` makes carts of three lines from two shops over many variants, places one order and
writes down what that sent. `work` waits for a line on its standard input, places an order for
each of its carts, and prints the seconds it took.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import sys
import time
from pathlib import Path
from typing import Any

import django

SKUS = 200
# So that ids are found in a statement's text: nothing else there has seven digits.
FIRST = {"carts_cart": 7100001, "orders_order": 7200001, "orders_sellerorder": 7300001}
FIRST |= {"catalog_stockitem": 7400001}
UUID = r"[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}"
NUMBER = r"MF-[2-9A-Z]{8}"
# By cart, reckoned beforehand: the buyer has seen it.
QUOTES: dict[int, str] = {}


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.placing", description=__doc__)
    parser.add_argument("step", choices=["prepare", "work"])
    parser.add_argument("--carts", type=int, default=0)
    parser.add_argument("--script", type=Path)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--number", type=int, default=0)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketflow.settings")
    django.setup()
    if options.step == "prepare":
        prepare(options.carts, options.script)
    else:
        work(options.first, options.number)


def prepare(carts: int, script: Path) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from marketflow.core import events
    from orders.services import rehearsal

    with connection.cursor() as cursor:
        for table, first in FIRST.items():
            cursor.execute(f"ALTER SEQUENCE {table}_id_seq RESTART {first}")
        # The ids of both parts of an order are then neighbours, which the script relies on.
        cursor.execute("ALTER SEQUENCE orders_sellerorder_id_seq CACHE 2")
    rng = random.Random(1)
    with events.held():
        half = SKUS // 2
        here, there = (rehearsal.open_shop(half * 100_000, half) for _ in range(2))
        wanted = [[*rng.sample(here, 2), rng.choice(there)] for _ in range(carts)]
        buyers = rehearsal.invite(wanted)
        QUOTES.update({buyer.cart.pk: buyer.quote for buyer in buyers[:2]})
        place(buyers[0].cart.pk)  # Everything that is loaded once is loaded.
        with CaptureQueriesContext(connection) as captured:
            order = place(buyers[1].cart.pk)
    sent = [query["sql"] for query in captured.captured_queries if query["sql"]]
    script.write_text(pgbench(sent, order, buyers[1].cart.pk))
    json.dump({"first": buyers[2].cart.pk, "statements": count(sent)}, sys.stdout)


def place(cart_id: int) -> Any:
    from carts.models import Cart
    from orders.services import checkout, rehearsal
    from orders.services.checkout import Delivery

    delivery = Delivery(email="guest@rehearsal.invalid", address=rehearsal.ADDRESS)
    return checkout.place_order(cart=Cart(pk=cart_id), quote=QUOTES[cart_id], delivery=delivery)


def work(first: int, number: int) -> None:
    from carts.models import Cart
    from carts.services import pricing
    from marketflow.core import events

    carts = range(first, first + number)
    for cart in Cart.objects.filter(pk__in=carts):
        QUOTES[cart.pk] = pricing.price(cart, country="IE", pictures=False).quote
    print("ready", flush=True)
    sys.stdin.readline()
    started = time.monotonic()
    with events.held():
        for cart in carts:
            place(cart)
    print(time.monotonic() - started, flush=True)


def count(sent: list[str]) -> int:
    """Without the marks of transactions and savepoints."""
    return sum(not sql.startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")) for sql in sent)


def pgbench(sent: list[str], order: Any, cart_id: int) -> str:
    """What was sent, with ids, carts and stock of its own in each transaction."""
    parts = sorted(order.seller_orders.values_list("pk", flat=True))
    stock = sorted({int(pk) for sql in sent for pk in re.findall(r"\b74\d{5}\b", sql)})
    names = {cart_id: ":cart", order.pk: ":order"}
    names |= {pk: f":part{place}" for place, pk in enumerate(parts)}
    names |= {pk: f":stock{place}" for place, pk in enumerate(stock)}

    lines = ["\\set n :n + 1", "\\set cart :base + :client_id * :each + :n"]
    share = SKUS // len(stock)
    for place, _ in enumerate(stock):
        # Ascending, as they are taken, and never the same twice.
        low = FIRST["catalog_stockitem"] + place * share
        lines.append(f"\\set stock{place} random({low}, {low + share - 1})")
    for sql in sent:
        lines += _lines(_with(names, sql.replace("\n", " ")), len(parts))
    return "\n".join(lines) + "\n"


def _with(names: dict[int, str], sql: str) -> str:
    """What must be one of a kind is."""
    arrays = rf"'\{{{UUID}(?:,{UUID})*\}}'(?:::uuid\[\])?"
    sql = re.sub(arrays, lambda found: _fresh(found[0].count(",") + 1), sql)
    sql = re.sub(rf"'{UUID}'(?:::uuid)?", "gen_random_uuid()", sql)
    sql = re.sub(NUMBER, "M:cart", sql)
    for pk, name in names.items():
        sql = sql.replace(str(pk), name)
    return sql


def _fresh(number: int) -> str:
    return "(ARRAY[" + ",".join(["gen_random_uuid()"] * number) + "])"


def _lines(sql: str, parts: int) -> list[str]:
    if sql.startswith('INSERT INTO "orders_order"'):
        return [f"{sql} \\gset", "\\set order :id"]
    if sql.startswith('INSERT INTO "orders_sellerorder"'):
        # The last row's id; the others are its neighbours.
        ids = [f"\\set part{place} :id - {parts - 1 - place}" for place in range(parts)]
        return [f"{sql} \\aset", *ids]
    return [f"{sql};"]


if __name__ == "__main__":
    main()
