"""Stock as another system sends it: what was sold since is never forgotten."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.utils.timezone import now

from accounts.models import ShopMember
from accounts.tests.factories import make_user
from catalog.api.stock import StockItemInput
from catalog.models import StockItem, StockMovement
from catalog.services import inventory, stock_sync
from catalog.services.inventory import Sold
from catalog.services.stock_sync import Change, Count
from catalog.tests.factories import make_variant, stock_of
from marketflow.core.tests.clients import api_for

pytestmark = pytest.mark.django_db

URL = "/api/v1/shops/fern-co/stock/"


@pytest.fixture
def bowl(shop):
    """Ten of them, since long ago."""
    with time_machine.travel(hours_ago(1000)):
        return make_variant(shop, "Oak bowl", sku="BOWL", stock=10)


@pytest.fixture
def fern(seller):
    return api_for(seller)


def hours_ago(hours: float):
    return now() - timedelta(hours=hours)


def sell(variant, quantity: int, line: int, hours: float = 0.0) -> None:
    """Promised and sent, so many hours ago."""
    item = variant.stock.pk
    with time_machine.travel(hours_ago(hours)):
        inventory.reserve({item: quantity})
        inventory.sell([Sold(item, quantity=quantity, order_line_id=line, parcel="p")])


def sync(shop, *entries):
    return stock_sync.sync(shop=shop, entries=entries)


# --- counts


def test_ready_made_13_what_is_promised_is_taken_off_the_count(shop, bowl):
    """Ready-made test 13: three sold and not sent; what is available is the count minus three."""
    inventory.reserve({bowl.stock.pk: 3})

    (result,) = sync(shop, Count("BOWL", 20, now()))

    assert (result.status, result.on_hand) == ("done", 20)
    assert stock_of(bowl) == (20, 3)
    assert StockItem.objects.get(variant=bowl).available == 17


def test_what_was_sent_after_the_count_is_taken_off_and_before_it_is_not(shop, bowl):
    sell(bowl, 2, line=1, hours=5)
    sell(bowl, 3, line=2, hours=1)

    sync(shop, Count("BOWL", 8, hours_ago(3)))

    assert stock_of(bowl) == (5, 0)


def test_what_came_back_or_was_received_since_is_added(shop, bowl):
    inventory.receive(bowl.stock, 4, key="delivery")

    sync(shop, Count("BOWL", 10, hours_ago(1)))

    assert stock_of(bowl) == (14, 0)


def test_the_same_count_again_changes_nothing(shop, bowl):
    hour = hours_ago(2)
    sell(bowl, 1, line=1, hours=1)
    first = sync(shop, Count("BOWL", 7, hour))
    movements = StockMovement.objects.count()

    again = sync(shop, Count("BOWL", 7, hour))

    assert [one.on_hand for one in (*first, *again)] == [6, 6]
    assert stock_of(bowl) == (6, 0)
    assert StockMovement.objects.count() == movements


def test_sales_between_two_sendings_of_a_count_stay_sold(shop, bowl):
    hour = hours_ago(2)
    sync(shop, Count("BOWL", 9, hour))
    sell(bowl, 2, line=1)

    sync(shop, Count("BOWL", 9, hour))

    assert stock_of(bowl) == (7, 0)


def test_an_older_count_that_comes_late_is_refused(shop, bowl):
    sync(shop, Count("BOWL", 8, hours_ago(1)))

    (late,) = sync(shop, Count("BOWL", 3, hours_ago(2)))

    assert (late.status, late.code) == ("refused", "count_superseded")
    assert stock_of(bowl) == (8, 0)


def test_a_later_count_builds_on_what_an_earlier_one_found(shop, bowl):
    sync(shop, Count("BOWL", 8, hours_ago(3)))

    sync(shop, Count("BOWL", 6, hours_ago(2)))

    assert stock_of(bowl) == (6, 0)


@pytest.mark.parametrize(
    ("hours", "code"), [(-1, "as_of_in_the_future"), (31 * 24, "as_of_too_old")]
)
def test_a_count_of_no_believable_hour_is_refused(shop, bowl, hours, code):
    (result,) = sync(shop, Count("BOWL", 3, hours_ago(hours)))

    assert (result.status, result.code) == ("refused", code)
    assert stock_of(bowl) == (10, 0)


def test_a_count_below_what_is_promised_is_refused_and_its_neighbours_go_in(shop, bowl):
    lamp = make_variant(shop, "Lamp", sku="LAMP", stock=1)
    inventory.reserve({bowl.stock.pk: 4})

    short, fine = sync(shop, Count("BOWL", 3, now()), Count("LAMP", 5, now()))

    assert (short.code, fine.code) == ("stock_below_allocated", "")
    assert (stock_of(bowl), stock_of(lamp)) == ((10, 4), (5, 0))
    assert StockItem.objects.get(variant=bowl).counted_at is None


def test_a_count_begins_to_track_what_was_not(shop):
    vase = make_variant(shop, "Vase", sku="VASE", stock=None)

    counted, _ = sync(shop, Count("VASE", 6, now()), Count("VASE", 6, hours_ago(-2)))

    assert counted.status == "done"
    assert stock_of(vase) == (6, 0)


def test_a_count_that_is_refused_tracks_nothing(shop):
    make_variant(shop, "Vase", sku="VASE", stock=None)

    sync(shop, Count("VASE", 6, hours_ago(-2)))

    assert not StockItem.objects.exists()


# --- changes


def test_a_change_is_done_once_and_answered_the_same(shop, bowl):
    first = sync(shop, Change("BOWL", -2, "erp-1"))
    again = sync(shop, Change("BOWL", -2, "erp-1"))

    told = [(one.status, one.code, one.on_hand) for one in (*first, *again)]
    assert told == [("done", "", 8), ("done", "", 8)]
    assert stock_of(bowl) == (8, 0)


def test_a_key_with_another_change_is_refused(shop, bowl):
    sync(shop, Change("BOWL", 2, "erp-1"))

    (result,) = sync(shop, Change("BOWL", 3, "erp-1"))

    assert result.code == "key_reused"
    assert stock_of(bowl) == (12, 0)


def test_several_about_one_sku_follow_each_other(shop, bowl):
    results = sync(
        shop,
        Change("BOWL", -10, "a"),
        Change("BOWL", -1, "b"),
        Change("BOWL", 5, "c"),
        Change("BOWL", 5, "c"),
    )

    assert [one.code for one in results] == ["", "stock_below_allocated", "", ""]
    assert stock_of(bowl) == (5, 0)


def test_a_change_that_an_older_count_did_not_know_is_kept(shop, bowl):
    sync(shop, Change("BOWL", 5, "delivery"))

    sync(shop, Count("BOWL", 10, hours_ago(1)))

    assert stock_of(bowl) == (15, 0)


def test_unknown_untracked_and_foreign_skus_are_named(shop, rival):
    make_variant(shop, "Vase", sku="VASE", stock=None)
    lamp = make_variant(rival, "Lamp", sku="LAMP", stock=3)

    results = sync(shop, Change("VASE", 1, "k"), Change("NO", 1, "k"), Count("LAMP", 99, now()))

    assert [one.code for one in results] == ["not_tracked", "unknown_sku", "unknown_sku"]
    assert stock_of(lamp) == (3, 0)


def test_the_books_hold_afterwards(shop, bowl):
    sync(shop, Count("BOWL", 4, hours_ago(1)), Change("BOWL", 3, "k"), Count("BOWL", 9, now()))

    call_command("audit")


# --- over HTTP


def test_every_item_has_its_own_result(fern, bowl):
    hour = now().isoformat()
    answer = fern.post(
        URL,
        {
            "items": [
                {"sku": "BOWL", "on_hand": 7, "as_of": hour},
                {"sku": "NO", "delta": 1, "key": "k"},
            ]
        },
        headers={"Idempotency-Key": "k"},
    )

    assert answer.status_code == 200
    done, refused = answer.json()["items"]
    assert done == {
        "sku": "BOWL",
        "status": "done",
        "code": "",
        "detail": "",
        "fields": {},
        "on_hand": 7,
        "allocated": 0,
        "available": 7,
    }
    assert (refused["status"], refused["code"], refused["on_hand"]) == (
        "refused",
        "unknown_sku",
        None,
    )


@pytest.mark.parametrize(
    "item",
    [
        {"sku": "BOWL"},
        {"sku": "BOWL", "on_hand": 1},
        {"sku": "BOWL", "delta": 1},
        {"sku": "BOWL", "on_hand": 1, "as_of": "2026-01-01T00:00:00Z", "key": "k"},
        {"delta": 1, "key": "k"},
        {"sku": "BOWL", "delta": 1, "key": "k", "shop": "x"},
        "BOWL",
    ],
    ids=str,
)
def test_a_shape_that_makes_no_sense_is_refused_whole(fern, bowl, item):
    answer = fern.post(URL, {"items": [{"sku": "BOWL", "delta": 1, "key": "good"}, item]})

    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["items"])
    fine, wrong = answer.json()["fields"]["items"]
    assert fine == {} and wrong
    assert stock_of(bowl) == (10, 0)


def test_an_hour_without_a_zone_is_of_utc(fern, bowl):
    with time_machine.travel(hours_ago(1)):
        naive = now().replace(tzinfo=None).isoformat()
    item = {"sku": "BOWL", "on_hand": 7, "as_of": naive}

    (result,) = fern.post(URL, {"items": [item]}).json()["items"]

    assert result["status"] == "done"
    assert StockItem.objects.get(variant=bowl).counted_at.replace(tzinfo=None).isoformat() == naive


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ({"sku": "BOWL", "delta": 0, "key": "k"}, "delta"),
        ({"sku": "BOWL", "delta": 1.5, "key": "k"}, "delta"),
        ({"sku": "BOWL", "delta": 1, "key": "k" * 81}, "key"),
        ({"sku": "BOWL", "on_hand": -1, "as_of": "2026-01-01T00:00:00Z"}, "on_hand"),
        ({"sku": "BOWL", "on_hand": "1", "as_of": "2026-01-01T00:00:00Z"}, "on_hand"),
        ({"sku": "BOWL", "on_hand": 1, "as_of": "yesterday"}, "as_of"),
        ({"sku": "", "delta": 1, "key": "k"}, "sku"),
        ({"sku": ["BOWL"], "delta": 1, "key": "k"}, "sku"),
    ],
    ids=str,
)
def test_a_value_that_does_not_fit_is_one_items_and_stops_no_other(fern, bowl, item, field):
    good = {"sku": "BOWL", "delta": 1, "key": "good"}

    answer = fern.post(URL, {"items": [item, good]})
    alone = fern.post(URL, {"items": [item]})

    refused, done = answer.json()["items"]
    assert (refused["status"], refused["code"], list(refused["fields"])) == (
        "refused",
        "invalid",
        [field],
    )
    assert (done["sku"], done["status"], done["on_hand"]) == ("BOWL", "done", 11)
    # Nothing of it could be taken.
    assert alone.status_code == 400
    assert alone.json()["fields"] == {"items": [refused["fields"]]}
    assert stock_of(bowl) == (11, 0)


def test_there_is_an_end_to_items(fern, bowl):
    items = [{"sku": "BOWL", "delta": 1, "key": f"k{n}"} for n in range(1001)]

    assert fern.post(URL, {"items": items}).status_code == 400
    assert fern.post(URL, {"items": []}).status_code == 400
    assert stock_of(bowl) == (10, 0)


def test_a_list_without_end_is_not_read(fern, monkeypatch):
    read = []
    monkeypatch.setattr(StockItemInput, "require_shape", lambda _, item: read.append(item))

    answer = fern.post(URL, {"items": [{}] * 200_000})

    problem = "Ensure this field has no more than 1000 elements."
    assert answer.status_code == 400
    assert answer.json()["fields"] == {"items": {"non_field_errors": [problem]}}
    assert read == []


def test_the_stock_is_its_shops_alone(fern, bowl, shop):
    sue = make_user("sue")
    ShopMember.objects.create(shop=shop, user=sue, role=ShopMember.Role.SUPPORT)
    for name in ("sam", "sue"):
        client = api_for(make_user(name))
        assert client.get(URL).status_code == 404
        body = {"items": [{"sku": "BOWL", "delta": 1, "key": "k"}]}
        assert client.post(URL, body).status_code == 404
    assert stock_of(bowl) == (10, 0)


def test_a_thousand_items_cost_what_ten_cost_but_for_batches(shop, django_assert_max_num_queries):
    variants = [make_variant(shop, f"Bowl {n}", sku=f"B{n}", stock=1) for n in range(30)]
    costs = []
    for some in (variants[:3], variants):
        entries = [Count(variant.sku, 5, now()) for variant in some]
        entries += [Change(variant.sku, 1, f"k{len(some)}") for variant in some]
        with django_assert_max_num_queries(16) as captured:
            sync(shop, *entries)
        costs.append(len(captured))

    assert costs[0] == costs[1]


def test_rows_are_locked_in_primary_key_order(shop, django_assert_max_num_queries):
    for sku in ("B", "A"):
        make_variant(shop, sku, sku=sku, stock=1)
    with django_assert_max_num_queries(20) as captured:
        sync(shop, Change("A", 1, "k"), Change("B", 1, "k"))

    locking = [q["sql"] for q in captured.captured_queries if "catalog_stockitem" in q["sql"]]
    assert any('ORDER BY "catalog_stockitem"."id" ASC' in sql for sql in locking)


# --- reading


def test_all_skus_are_paged(fern, shop):
    for number in range(3):
        make_variant(shop, f"Bowl {number}", sku=f"B{number}", stock=number)

    answer = fern.get(f"{URL}?page_size=2").json()

    assert (answer["count"], len(answer["results"])) == (3, 2)
    assert answer["results"][0]["sku"] == "B0"


def test_what_changed_since_is_read_to_its_end_by_a_cursor(fern, shop, bowl):
    for number in range(4):
        make_variant(shop, f"Bowl {number}", sku=f"B{number}", stock=number)
    StockItem.objects.update(changed_at=hours_ago(5))
    since = hours_ago(1).isoformat().replace("+00:00", "Z")
    sync(shop, *[Change(f"B{n}", 1, "k") for n in range(3)])

    skus, url, until = [], f"{URL}?changed_since={since}&page_size=2", set()
    while url:
        answer = fern.get(url).json()
        skus += [row["sku"] for row in answer["results"]]
        url, until = answer["next"], until | {answer["changed_until"]}

    assert skus == ["B0", "B1", "B2"]
    assert len(until) == 1
    assert fern.get(f"{URL}?changed_since={until.pop()}").status_code == 200


@pytest.mark.parametrize(
    "query", ["changed_since=then", "changed_since=0001-01-01T00:00:00Z", "cursor=x", "cursor=W10"]
)
def test_a_question_that_makes_no_sense_is_refused(fern, bowl, query):
    assert fern.get(f"{URL}?{query}").status_code == 400


def test_the_stock_of_single_skus_is_asked_for(fern, shop, bowl):
    for sku in ("LAMP", "VASE"):
        make_variant(shop, sku.title(), sku=sku, stock=1)

    def skus(query):
        answer = fern.get(f"{URL}?{query}")
        assert answer.status_code == 200, answer.content
        return [row["sku"] for row in answer.json()["results"]]

    assert skus("sku=BOWL") == ["BOWL"]
    assert sorted(skus("sku=BOWL&sku=LAMP")) == ["BOWL", "LAMP"]
    assert skus("sku=NO") == []
    assert skus("sku=LAMP&changed_since=2026-01-01T00:00:00Z") == ["LAMP"]


def test_what_is_wrong_with_several_values_is_told_once(fern, bowl):
    answer = fern.get(f"{URL}?sku=BOWL&sku=&sku={'K' * 65}&sku=")

    assert (answer.status_code, answer.json()) == (
        400,
        {
            "code": "invalid",
            "detail": "Some of this can't be accepted.",
            "fields": {
                "sku": [
                    "This field may not be blank.",
                    "Ensure this field has no more than 64 characters.",
                ]
            },
        },
    )
