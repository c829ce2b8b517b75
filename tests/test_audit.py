"""Each invariant is broken behind the code's back, and the audit names the row."""

from __future__ import annotations

import io
import json
import re

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction

from marketflow.core import invariants
from tests.books import market
from tests.books.corruptions import CORRUPTIONS, OLD, Corruption
from tests.books.vandal import corrupt

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def full_market(module_db):
    market.fill()


def broken() -> dict[str, list[dict]]:
    """The offending rows by the sentence they break."""
    return {found.invariant.title: found.rows for found in invariants.prove() if found.rows}


def audit() -> tuple[bool, dict[str, list[dict]]]:
    """What the command tells programs: whether all holds, and the offending rows by code."""
    out = io.StringIO()
    try:
        call_command("audit", "--json", stdout=out)
    except SystemExit as stop:
        assert stop.code == 1
    told = json.loads(out.getvalue())
    named: dict[str, list[dict]] = {}
    for fact in told["invariants"]:
        if not fact["ok"]:
            named.setdefault(fact["code"], []).extend(fact["rows"])
    return told["ok"], named


def test_a_market_in_which_everything_happened_passes(full_market):
    assert broken() == {}


def test_what_is_broken_is_named_with_its_row(full_market, subtests, record_property):
    record_property("corruptions", len(CORRUPTIONS))
    for number, corruption in enumerate(CORRUPTIONS, start=1):
        with subtests.test(f"{number}: {corruption.breaks}"):
            before = transaction.savepoint()
            try:
                require_named(corruption)
            finally:
                transaction.savepoint_rollback(before)


def require_named(corruption: Corruption) -> None:
    with connection.cursor() as cursor:
        cursor.execute(corruption.at)
        (row,) = cursor.fetchone()
    assert row is not None, "the market has no such row to break"

    corrupt(
        *(write.format(row=row, old=OLD) for write in corruption.writes),
        unguarded=corruption.unguarded,
    )

    named = broken().get(corruption.breaks, [])
    assert row in [next(iter(found.values())) for found in named], named


def test_every_fact_has_a_corruption_that_breaks_it():
    facts = {fact.title for fact in invariants.registered()}
    tried = {corruption.breaks for corruption in CORRUPTIONS}

    assert facts - tried == set(), "add a way to break each to tests/books/corruptions.py"
    assert tried - facts == set(), "these facts are registered no more"


def test_at_least_forty_corruptions_are_found():
    assert len(CORRUPTIONS) >= 40


def test_every_fact_has_a_code_and_a_sentence_of_its_own():
    facts = invariants.registered()

    assert {f"I{number}" for number in (*range(1, 10), *range(11, 15), *range(16, 20))} <= {
        fact.code for fact in facts
    }
    assert len({fact.title for fact in facts}) == len(facts)


def test_the_last_line_sums_up(full_market, capsys):
    call_command("audit")

    last = capsys.readouterr().out.splitlines()[-1]
    assert last == f"{len(invariants.registered())} invariants checked: all hold."


def test_a_broken_fact_ends_the_command_with_1_and_names_the_row(full_market, capsys):
    corrupt("UPDATE catalog_stockitem SET on_hand = on_hand + 1")

    with pytest.raises(SystemExit) as stop:
        call_command("audit")

    assert stop.value.code == 1
    told = capsys.readouterr().out
    assert "I1   FAIL  units on hand are explained by movements" in told
    assert "moved=" in told
    assert told.splitlines()[-1].endswith("1 broken.")


def test_json_tells_the_same_to_programs(full_market):
    assert audit() == (True, {})

    corrupt("UPDATE catalog_stockitem SET on_hand = on_hand + 1")

    ok, named = audit()
    assert ok is False
    assert set(named) == {"I1"}
    assert named["I1"][0]["on_hand"] == named["I1"][0]["moved"] + 1


def test_the_guide_lists_every_fact():
    guide = (settings.BASE_DIR / "docs" / "audit.md").read_text()

    listed = re.findall(r"^\| (I\d+) \| (.+) \|$", guide, flags=re.MULTILINE)

    assert listed == [(fact.code, fact.title) for fact in invariants.registered()]
