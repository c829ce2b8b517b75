"""A9: every task is sent twice, and a child is killed once inside each of them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

from benchmarks.gauntlet import digest, driver, twice
from benchmarks.gauntlet.figures.crashes import UNTOLD
from benchmarks.gauntlet.figures.figure import Size, Verdict
from benchmarks.gauntlet.judge import Judge
from benchmarks.gauntlet.rig import DATABASE, Rig
from tests.production.compose import ROOT

BUYERS, SECONDS = 50, 120
UNSENT = "SELECT count(*) FROM notifications_mail WHERE sent_at IS NULL"
TO_EXPIRE = "SELECT count(*) FROM orders_order WHERE state = 'awaiting_payment'"
END_THE_HOLDS = """
    UPDATE orders_order SET expires_at = now() - interval '1 minute'
    WHERE state = 'awaiting_payment'
"""
SEND_ALL = """
from marketflow.celery import app
for entry in app.conf.beat_schedule.values():
    app.send_task(entry["task"])
"""


def a9(rig: Rig, size: Size) -> Iterator[Verdict]:
    """The same day once plainly and once with every task twice and killed: the same books."""
    plain = Judge(rig)
    once = lived(rig, size, plain, folder_of(rig, "once"))
    yield "plainly", plain
    judge = Judge(rig)
    folder = folder_of(rig, "twice")
    (folder / "seen").mkdir()
    switches = {
        "PYTHONPATH": f"{Path(twice.__file__).parent}:{ROOT}",
        "GAUNTLET_SEEN": str(folder / "seen"),
    }
    again = lived(rig, size, judge, folder, **switches)
    for table in once:
        judge.equal(table, again[table], once[table])
    judge.facts["tasks killed once"] = len(list((folder / "seen").iterdir()))
    judge.require("no task was killed", any((folder / "seen").iterdir()))
    yield "twice", judge


def folder_of(rig: Rig, name: str) -> Path:
    folder = rig.folder / name
    (folder / "mail").mkdir(parents=True)
    return folder


def lived(rig: Rig, size: Size, judge: Judge, folder: Path, **switches: str) -> dict[str, str]:
    """Orders, payments, holds that end, and everything the schedule has. Returns the digests."""
    rig.open_market(EMAIL_URL=f"filemail:///{folder}/mail", **switches)
    judge.journal = journal = rig.journal()
    number = size.of(BUYERS, at_least=10)
    buyers = rig.make_world(buyers=number, stock=number * 2, skus=4, seed=size.seed)
    for buyer in buyers:
        buyer["email"] = f"{buyer['name']}@example.test"
    pays = {buyer["name"] for buyer in buyers[: number // 2]}
    asyncio.run(
        driver.everybody(
            buyers,
            lambda shopper, buyer: shopper.buy(buyer, pays=buyer["name"] in pays),
            port=rig.port,
            journal=journal,
            seed=size.seed,
            in_flight=1,
        )
    )
    with rig.cluster.connect(DATABASE) as connection:
        connection.execute(END_THE_HOLDS)
    rig.manage("shell", "-c", SEND_ALL)
    started = time.monotonic()
    while not is_done(judge) and time.monotonic() - started < SECONDS:
        time.sleep(0.5)
    judge.at_most("seconds until all was done", time.monotonic() - started, SECONDS)
    judge.audit()

    sent = Counter(message for file in (folder / "mail").iterdir() for message in messages(file))
    judge.facts["mails"] = len(sent)
    judge.require("nobody was written to", bool(sent))
    judge.equal("mails sent twice", sum(times > 1 for times in sent.values()), 0)
    with rig.cluster.connect(DATABASE) as connection:
        return digest.digests(connection)


def is_done(judge: Judge) -> bool:
    return not any(judge.value(query) for query in (UNTOLD, UNSENT, TO_EXPIRE))


def messages(file: Path) -> list[tuple[str, str]]:
    """To whom and about what: the file backend parts them by a line of dashes."""
    found = [message_from_bytes(part.lstrip()) for part in file.read_bytes().split(b"-" * 79)]
    return [(mail["To"], mail["Subject"]) for mail in found if mail["To"]]
