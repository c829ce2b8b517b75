from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.db.models import BigIntegerField, Case, CharField, DateTimeField, F, Value, When
from django.db.transaction import TransactionManagementError, atomic
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from marketflow.core.compiled import CompiledQuery, CompiledUpdate
from marketflow.core.models import EventReceipt, OutboxEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def events():
    """Two events, each heard by who ships and by who tells."""
    made = [OutboxEvent.objects.create(name=name, payload={}) for name in ("Placed", "Paid")]
    for event in made:
        for receiver in ("shipping", "telling"):
            EventReceipt.objects.create(event=event, receiver=receiver)
    return made


def heard_by(receiver):
    """Receipts with their events; which is that of a payment, and the event's name."""
    is_paid = Case(When(event__name="Paid", then=Value(True)), default=Value(False))
    return (
        EventReceipt.objects.filter(receiver=receiver)
        .select_related("event")
        .annotate(is_paid=is_paid, told=F("event__name"))
        .order_by("pk")
    )


def read(receipts):
    return [(one.pk, one.event, one.event.name, one.is_paid, one.told) for one in receipts]


def asked(work):
    with CaptureQueriesContext(connection) as queries:
        found = work()
    return found, [query["sql"] for query in queries]


def test_it_finds_what_the_queryset_finds_in_the_same_words(events):
    compiled = CompiledQuery(heard_by, receiver=CharField())

    for name, count in [("shipping", 2), ("nobody", 0), ("telling", 2), ("shipping", 2)]:
        plain, words = asked(lambda name=name: read(heard_by(name)))
        found, same = asked(lambda name=name: read(compiled.list(receiver=name)))

        assert found == plain
        assert len(found) == count
        assert same == words


def test_it_is_put_together_once(events):
    built = []

    def build(name):
        built.append(name)
        return OutboxEvent.objects.filter(name=name)

    compiled = CompiledQuery(build, name=CharField())

    assert [compiled.get(name=name) for name in ("Placed", "Paid")] == events
    assert len(built) == 1


def test_a_list_may_have_any_length(events):
    compiled = CompiledQuery(
        lambda name, pks: OutboxEvent.objects.exclude(name=name).filter(pk__in=pks).order_by("pk"),
        name=CharField(),
        pks=BigIntegerField(),
    )
    keys = [event.pk for event in events]

    for wanted in (keys, keys[1:], [*keys, 0], keys[:1], keys):
        found = compiled.list(name="Shipped", pks=wanted)
        assert [event.pk for event in found] == [pk for pk in wanted if pk]
    assert compiled.list(name="Paid", pks=keys) == events[:1]


def test_a_value_goes_as_its_field_sends_it(events):
    """SQLite keeps moments as text."""
    OutboxEvent.objects.filter(pk=events[0].pk).update(due_at=now() - timedelta(days=2))
    OutboxEvent.objects.filter(pk=events[1].pk).update(due_at=now())
    compiled = CompiledQuery(
        lambda moment: OutboxEvent.objects.filter(due_at__lt=moment), moment=DateTimeField()
    )

    assert compiled.list(moment=now() - timedelta(days=1)) == events[:1]
    assert compiled.list(moment=now() - timedelta(days=3)) == []


def test_nothing_is_none_and_get_says_so(events):
    compiled = CompiledQuery(lambda pk: OutboxEvent.objects.filter(pk=pk), pk=BigIntegerField())

    assert compiled.first(pk=0) is None
    with pytest.raises(OutboxEvent.DoesNotExist):
        compiled.get(pk=0)


@pytest.mark.django_db(transaction=True)
def test_a_lock_outside_a_transaction_is_refused_though_it_was_taken_within_one(events):
    compiled = CompiledQuery(
        lambda pk: OutboxEvent.objects.select_for_update().filter(pk=pk), pk=BigIntegerField()
    )
    with atomic():
        assert compiled.get(pk=events[0].pk) == events[0]

    with pytest.raises(TransactionManagementError):
        compiled.get(pk=events[0].pk)


@pytest.mark.parametrize(
    "build",
    [
        lambda: OutboxEvent.objects.prefetch_related("receipts"),
        lambda: OutboxEvent.objects.values("name"),
        lambda: OutboxEvent.objects.values_list("name"),
    ],
)
def test_what_is_no_row_with_its_columns_is_not_compiled(build):
    with pytest.raises(TypeError):
        CompiledQuery(build).list()


# --- updates


def postponed(pks, names, by):
    rows = OutboxEvent.objects.filter(pk__in=pks).exclude(name__in=names)
    return rows, {"attempts": F("attempts") + by, "done_at": None}


POSTPONED = {"pks": BigIntegerField(), "names": CharField(), "by": BigIntegerField()}


def test_an_update_changes_what_the_querysets_would_in_the_same_words(events):
    compiled = CompiledUpdate(postponed, **POSTPONED)
    keys = [event.pk for event in events]

    for pks, names, by in [(keys, ["Paid"], 1), (keys[:1], ["Paid", "None"], 2), (keys, [""], 3)]:
        rows, changes = postponed(pks, names, by)
        _, words = asked(lambda rows=rows, changes=changes: rows.update(**changes))
        count, same = asked(lambda of=(pks, names, by): compiled.send(**named(of)))

        assert count == rows.count()
        assert same == words
    attempts = OutboxEvent.objects.order_by("pk").values_list("attempts", flat=True)
    assert list(attempts) == [2 * (1 + 2 + 3), 2 * 3]


def named(values):
    return dict(zip(POSTPONED, values, strict=True))


def test_a_column_may_become_nothing(events):
    OutboxEvent.objects.update(done_at=now())
    compiled = CompiledUpdate(
        lambda pk, moment: (OutboxEvent.objects.filter(pk=pk), {"done_at": moment}),
        pk=BigIntegerField(),
        moment=DateTimeField(),
    )

    assert compiled.send(pk=events[0].pk, moment=None) == 1

    assert list(OutboxEvent.objects.filter(done_at=None)) == events[:1]
    assert compiled.send(pk=0, moment=None) == 0


@pytest.mark.parametrize(
    "build",
    [
        lambda: (EventReceipt.objects.filter(event__name="Paid"), {"receiver": "nobody"}),
        lambda: (EventReceipt.objects.order_by("pk")[:1], {"receiver": "nobody"}),
    ],
)
def test_rows_found_through_another_table_or_cut_off_are_not_updated(events, build):
    with pytest.raises(TypeError):
        CompiledUpdate(build).send()

    assert not EventReceipt.objects.filter(receiver="nobody").exists()


def test_a_refused_update_leaves_the_transaction_to_be_rolled_back(events):
    compiled = CompiledUpdate(
        lambda pk, attempts: (OutboxEvent.objects.filter(pk=pk), {"attempts": attempts}),
        pk=BigIntegerField(),
        attempts=BigIntegerField(),
    )

    with pytest.raises(DatabaseError), atomic():
        compiled.send(pk=events[0].pk, attempts=-1)

    events[0].refresh_from_db()
    assert events[0].attempts == 0
