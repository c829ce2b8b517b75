from __future__ import annotations

import pytest
from django.urls import reverse

from accounts.tests.factories import make_user
from catalog.tests.factories import make_variant, stock_of
from marketflow.core.tests.admin_pages import submit
from orders.models import Order, SellerOrder
from orders.services import fulfilment
from orders.tests.factories import make_order

QUEUE = "/seller/orders/sellerorder/queue/"


@pytest.fixture
def fern(client, seller):
    client.force_login(seller)
    return client


@pytest.fixture
def bowl(shop):
    return make_variant(shop, "Oak bowl", stock=60, sku="OAK-1")


def part_of(order, shop):
    return order.seller_orders.get(shop=shop)


def message_of(answer) -> str:
    return " ".join(str(message) for message in answer.wsgi_request._messages)


# --- the queue


def test_ten_orders_leave_with_one_button(fern, shop, buyer, bowl):
    parts = [part_of(make_order(buyer, bowl, paid=True), shop) for _ in range(10)]

    tracking = {f"p{part.pk}-tracking_number": f"T-{part.pk}" for part in parts}
    carriers = {f"p{part.pk}-carrier": "DHL" for part in parts}
    answer = fern.post(QUEUE, tracking | carriers)

    assert "10 orders shipped" in message_of(answer)
    for part in parts:
        part.refresh_from_db()
        assert part.state == "shipped"
        assert part.shipments.get().tracking_number == f"T-{part.pk}"
        assert part.history.get(dst="shipped").actor.email == "fern@example.test"
    assert stock_of(bowl) == (50, 0)


def test_the_oldest_stands_first_and_the_last_carrier_is_remembered(fern, shop, buyer, bowl):
    orders = [make_order(buyer, bowl, paid=True) for _ in range(3)]
    fulfilment.ship(seller_order=part_of(orders[0], shop), carrier="An Post")

    page = fern.get(QUEUE).content.decode()

    numbers = [part_of(order, shop).number for order in orders]
    assert numbers[0] not in page
    assert 0 < page.index(numbers[1]) < page.index(numbers[2])
    assert page.count('value="An Post"') >= 2


def test_only_orders_with_a_number_or_a_tick_leave(fern, shop, buyer, bowl):
    numbered, ticked, untouched = (
        part_of(make_order(buyer, bowl, paid=True), shop) for _ in range(3)
    )

    fields = {f"p{part.pk}-carrier": "DHL" for part in (numbered, ticked, untouched)}
    fields |= {f"p{numbered.pk}-tracking_number": "T-1", f"p{ticked.pk}-without_tracking": "on"}
    fern.post(QUEUE, fields)

    for part, state in [(numbered, "shipped"), (ticked, "shipped"), (untouched, "paid")]:
        part.refresh_from_db()
        assert part.state == state


def test_an_order_that_is_refused_stays_with_its_reason(fern, shop, buyer, bowl):
    good, bad = (part_of(make_order(buyer, bowl, paid=True), shop) for _ in range(2))

    fields = {
        f"p{good.pk}-tracking_number": "T-1",
        f"p{bad.pk}-tracking_number": "T" * 81,
    }
    answer = fern.post(QUEUE, fields)

    good.refresh_from_db()
    page = answer.content.decode()
    assert answer.status_code == 422
    assert good.state == "shipped"
    assert bad.number in page
    assert "80" in page


def test_an_order_not_paid_is_in_no_queue(fern, shop, buyer, bowl):
    part = part_of(make_order(buyer, bowl), shop)

    page = fern.get(QUEUE).content.decode()
    fern.post(QUEUE, {f"p{part.pk}-tracking_number": "T-1"})

    part.refresh_from_db()
    assert part.number not in page
    assert part.state == "pending"


def test_chosen_rows_of_the_list_go_to_the_queue_and_the_printer(fern, shop, buyer, bowl):
    first, second = (part_of(make_order(buyer, bowl, paid=True), shop) for _ in range(2))
    path = reverse("seller:orders_sellerorder_changelist")

    def chosen(action):
        fields = {"action": action, "_selected_action": [second.pk]}
        return fern.get(fern.post(path, fields)["location"]).content.decode()

    for page in (chosen("mark_shipped"), chosen("print_slips")):
        assert second.number in page
        assert first.number not in page


# --- one order


def ship(client, part, **changes):
    path = reverse("seller:orders_sellerorder_change", args=[part.pk])
    fields = {"parcels": str(part.shipments.count()), "carrier": "", "tracking_number": ""}
    assert client.get(path).status_code == 200
    return client.post(reverse("seller:orders_ship", args=[part.pk]), fields | changes)


def test_an_order_leaves_in_several_parcels(fern, shop, buyer, bowl):
    part = part_of(make_order(buyer, bowl, quantity=3, paid=True), shop)
    line = part.lines.get()

    ship(fern, part, tracking_number="T-1", **{f"units{line.pk}": "2"})
    part.refresh_from_db()
    assert part.state == "paid"

    ship(fern, part, tracking_number="T-2", **{f"units{line.pk}": "1"})
    part.refresh_from_db()
    assert part.state == "shipped"
    assert [s.lines.get().quantity for s in part.shipments.all()] == [2, 1]


def test_a_double_click_sends_one_parcel(fern, shop, buyer, bowl):
    part = part_of(make_order(buyer, bowl, quantity=3, paid=True), shop)
    fields = {"parcels": "0", f"units{part.lines.get().pk}": "1"}
    path = reverse("seller:orders_ship", args=[part.pk])

    fern.post(path, fields)
    second = fern.post(path, fields)

    assert "sent meanwhile" in message_of(second)
    assert part.shipments.count() == 1


def test_more_units_than_are_left_are_refused(fern, shop, buyer, bowl):
    part = part_of(make_order(buyer, bowl, quantity=2, paid=True), shop)

    answer = ship(fern, part, **{f"units{part.lines.get().pk}": "3"})

    assert answer.status_code == 422
    assert not part.shipments.exists()


def test_an_empty_parcel_is_refused(fern, shop, buyer, bowl):
    part = part_of(make_order(buyer, bowl, paid=True), shop)

    answer = ship(fern, part, **{f"units{part.lines.get().pk}": "0"})

    assert "empty" in message_of(answer)
    assert not part.shipments.exists()


def test_delivered_follows_shipped_and_nothing_else(fern, shop, buyer, bowl):
    part = part_of(make_order(buyer, bowl, paid=True), shop)
    path = reverse("seller:orders_deliver", args=[part.pk])

    fern.post(path)
    part.refresh_from_db()
    assert part.state == "paid"

    fulfilment.ship(seller_order=part)
    fern.post(path)
    part.refresh_from_db()
    assert part.state == "delivered"


def test_steps_are_taken_by_post_alone(fern, shop, buyer, bowl):
    part = part_of(make_order(buyer, bowl, paid=True), shop)

    for name in ("orders_ship", "orders_deliver"):
        assert fern.get(reverse(f"seller:{name}", args=[part.pk])).status_code == 405
    part.refresh_from_db()
    assert part.state == "paid"


def test_a_shop_sees_its_part_and_nothing_else_of_the_order(fern, shop, rival, buyer, bowl):
    lamp = make_variant(rival, "Secret lamp", price=77700, stock=5)
    order = make_order(buyer, bowl, lamp, paid=True)
    part = part_of(order, shop)
    pages = [
        reverse("seller:orders_sellerorder_change", args=[part.pk]),
        reverse("seller:orders_slips") + f"?part={part.pk}",
        QUEUE,
        "/seller/orders/sellerorder/",
    ]

    for path in pages:
        page = fern.get(path).content.decode()

        assert "Oak bowl" in page
        assert "Secret lamp" not in page
        assert "777.00" not in page
        assert f"{order.total_minor / 100:.2f}" not in page
        assert order.email not in page


def test_a_packing_slip_says_where_to_and_what_and_no_price(fern, shop, buyer, bowl):
    order = make_order(buyer, bowl, quantity=2, paid=True, note="Leave it at the door")
    part = part_of(order, shop)

    page = fern.get(reverse("seller:orders_slips") + f"?part={part.pk}").content.decode()

    for words in (part.number, "1 Mill Lane", "Oak bowl", "OAK-1", "Leave it at the door"):
        assert words in page
    assert "€" not in page


# --- start pages


def test_the_start_page_says_what_to_do_first(fern, shop, buyer, bowl):
    make_order(buyer, bowl, paid=True)
    make_variant(shop, "Rare bowl", stock=1)
    make_variant(shop, "Draft bowl", state="draft")

    page = fern.get("/seller/")

    tasks = {task["title"]: task["count"] for task in page.context["tasks"]}
    assert tasks == {
        "Orders to ship": 1,
        "Low or sold out": 1,
        "Products without picture": 3,
        "Drafts": 1,
    }
    assert page.context["sales_orders"] == 1
    assert page.context["sales_total"] == part_of(Order.objects.get(), shop).total


def test_a_new_shop_sees_what_is_missing(fern, shop):
    page = fern.get("/seller/").content.decode()

    assert "Add a first product" in page
    assert "Write your terms" in page


def test_staff_see_their_queues_by_permission(client, db):
    from django.contrib.auth.models import Permission

    clerk = make_user("clerk", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_shop"))
    client.force_login(clerk)

    queues = client.get("/admin/").context["queues"]

    assert [str(queue["title"]) for queue in queues] == ["Shops to approve"]


# --- the house


@pytest.fixture
def boss(client, db):
    boss = make_user("boss", is_staff=True, is_superuser=True)
    client.force_login(boss)
    return boss


def test_the_house_reads_an_order_with_all_that_happened(client, boss, shop, buyer, bowl):
    order = make_order(buyer, bowl, paid=True)
    fulfilment.ship(seller_order=part_of(order, shop))

    path = reverse("admin:orders_order_change", args=[order.pk])
    page = client.get(path).content.decode()

    for step in ("Order placed", "Payment received", "Taken from stock", "Everything is sent"):
        assert step in page
    assert 'name="total_minor"' not in page
    assert "(&#x27;" not in page


def test_nobody_changes_an_order_or_a_payment_by_hand(client, boss, shop, buyer, bowl):
    order = make_order(buyer, bowl, paid=True)
    rows = [order, order.payments.get(), part_of(order, shop)]

    for row in rows:
        name = f"admin:orders_{row._meta.model_name}"
        fields = {"state": "cancelled", "total_minor": "1", "captured_minor": "0"}

        assert client.post(reverse(f"{name}_change", args=[row.pk]), fields).status_code == 403
        assert client.post(reverse(f"{name}_delete", args=[row.pk])).status_code == 403
        assert client.post(reverse(f"{name}_add")).status_code == 403


LISTS = [
    "seller/orders/sellerorder/",
    "seller/orders/sellerorder/queue/",
    "admin/orders/order/",
    "admin/orders/sellerorder/",
    "admin/orders/payment/",
    "admin/core/outboxevent/",
]


@pytest.mark.parametrize("page", LISTS)
def test_a_list_costs_the_same_for_three_rows_and_twelve(
    client, seller, shop, page, django_assert_max_num_queries
):
    bowl = make_variant(shop, "Oak bowl", stock=100)
    boss = make_user("boss", is_staff=True, is_superuser=True)
    client.force_login(seller if page.startswith("seller") else boss)

    costs = []
    for numbers in (range(3), range(3, 12)):
        for number in numbers:
            make_order(make_user(f"buyer{number}"), bowl, paid=True)
        with django_assert_max_num_queries(10) as queries:
            assert client.get(f"/{page}").status_code == 200
        costs.append(len(queries))

    assert costs[0] == costs[1]
    assert SellerOrder.objects.count() == 12


@pytest.mark.parametrize("page", ["admin/notifications/mail/", "admin/core/auditentry/"])
def test_what_the_house_only_reads_has_no_form(client, boss, page):
    assert client.get(f"/{page}").status_code == 200
    assert client.get(f"/{page}add/").status_code == 403


def test_a_task_of_the_schedule_is_edited(client, boss):
    from django_celery_beat.models import IntervalSchedule, PeriodicTask

    every = IntervalSchedule.objects.create(every=5, period="minutes")
    task = PeriodicTask.objects.create(name="Sweep", task="x.sweep", interval=every)
    path = reverse("admin:django_celery_beat_periodictask_change", args=[task.pk])

    answer = submit(client, path, "periodictask_form", description="Every five minutes")

    task.refresh_from_db()
    assert answer.status_code == 302
    assert task.description == "Every five minutes"
