"""Webhooks against real receivers: down, slow, wrong, elsewhere, and back."""

from __future__ import annotations

import json
import re
import socket
import time
from contextlib import closing
from datetime import timedelta

import pytest
from django.core import mail as outgoing
from django.utils.timezone import now

from accounts.tests.factories import make_user
from catalog.services import inventory
from catalog.tests.factories import make_variant
from chat.tests.factories import make_message
from marketflow.core import outside
from marketflow.core.models import EventReceipt, OutboxEvent
from notifications.models import Mail, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from notifications.services import threads
from notifications.services.webhooks import endpoints, outcomes, sending, wire
from notifications.services.webhooks.queueing import tell
from notifications.services.webhooks.wire import Answer
from notifications.tests.receiving import (
    SECRET,
    all_due,
    is_signed,
    make_endpoint,
    receiving,
    relay_all,
)
from notifications.webhook_events import EVENTS
from orders.services import cancelling, fulfilment
from orders.tests.factories import make_order, pay

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_machine(settings):
    settings.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8", "::1/128"]


@pytest.fixture
def receiver():
    with receiving() as receiver:
        yield receiver


def sell(buyer, *variants):
    """An order that goes its whole way."""
    order = make_order(buyer, *variants)
    pay(order)
    for part in order.seller_orders.order_by("pk"):
        fulfilment.ship(seller_order=part)
        fulfilment.deliver(seller_order=part)
    relay_all()
    return order


# --- what is said, and to whom


def test_a_shop_hears_of_its_own_part_and_of_nothing_else(buyer, shop, rival, receiver):
    make_endpoint(shop, receiver.url, "order.placed", "order.paid")
    bowl = make_variant(shop, "Oak bowl", sku="BOWL", price=2000)
    lamp = make_variant(rival, "Brass lamp", sku="LAMP", price=9900)
    order = make_order(buyer, bowl, lamp, paid=True)
    relay_all()

    assert sending.send_due() == 2

    placed, paid = receiver.heard
    assert (placed["type"], paid["type"]) == ("order.placed", "order.paid")
    assert placed["shop"] == paid["shop"] == "fern-co"
    part = paid["data"]["seller_order"]
    assert part["order"] == order.number
    assert [line["sku"] for line in part["lines"]] == ["BOWL"]
    told = json.dumps(receiver.heard)
    assert '"amount": 2000' in told
    assert '"amount": 9900' not in told
    assert "LAMP" not in told


def test_the_marketplace_hears_of_the_whole_order(buyer, shop, rival, receiver):
    make_endpoint(None, receiver.url, "order.paid")
    make_order(buyer, make_variant(shop, sku="BOWL"), make_variant(rival, sku="LAMP"), paid=True)
    relay_all()
    sending.send_due()

    (paid,) = receiver.heard
    parts = paid["data"]["order"]["seller_orders"]
    assert paid["shop"] is None
    assert {line["sku"] for part in parts for line in part["lines"]} == {"BOWL", "LAMP"}


def test_only_what_is_asked_for_is_told(buyer, shop, receiver):
    make_endpoint(shop, receiver.url, "order.cancelled")
    order = make_order(buyer, make_variant(shop), paid=True)
    cancelling.cancel(order=order)
    relay_all()
    sending.send_due()

    (cancelled,) = receiver.heard
    assert (cancelled["type"], cancelled["data"]["reason"]) == ("order.cancelled", "cancelled")


def test_every_event_of_an_orders_way_is_told_in_order(buyer, shop, receiver):
    make_endpoint(shop, receiver.url, "*")
    sell(buyer, make_variant(shop, stock=None))
    sending.send_due()

    assert [name for name in receiver.types() if "order" in name] == [
        "order.placed",
        "order.paid",
        "seller_order.shipped",
        "seller_order.delivered",
    ]


def test_stock_and_products_are_told_by_shop_and_in_small_bodies(shop, rival, receiver):
    make_endpoint(shop, receiver.url, "stock.changed", "product.changed")
    variants = [make_variant(shop, f"Bowl {n}", sku=f"B{n}", stock=None) for n in range(3)]
    foreign = make_variant(rival, "Lamp", sku="LAMP", stock=None)
    relay_all()
    WebhookDelivery.objects.all().delete()
    inventory.open_many([(variant, 7) for variant in [*variants, foreign]])
    relay_all()
    sending.send_due()

    (told,) = receiver.heard
    assert [(item["sku"], item["available"]) for item in told["data"]["items"]] == [
        ("B0", 7),
        ("B1", 7),
        ("B2", 7),
    ]


def test_an_event_heard_twice_is_told_once(buyer, shop, receiver):
    make_endpoint(shop, receiver.url)
    make_order(buyer, make_variant(shop))
    relay_all()
    before = set(WebhookDelivery.objects.values_list("event_id", flat=True))
    EventReceipt.objects.all().delete()
    OutboxEvent.objects.update(done_at=None, due_at=now() - timedelta(seconds=1))
    relay_all()
    sending.send_due()

    assert set(WebhookDelivery.objects.values_list("event_id", flat=True)) == before
    assert sorted(receiver.ids()) == sorted(map(str, before))


def test_no_shop_is_read_for_an_event_to_which_nobody_listens(shop, django_assert_num_queries):
    with django_assert_num_queries(1) as captured:
        assert tell("message.posted", shops=[shop.pk], say=lambda _: {}) == 0

    assert "accounts_shop" not in captured[0]["sql"]


def test_an_endpoint_that_is_off_is_told_nothing(buyer, shop, receiver):
    make_endpoint(shop, receiver.url, is_enabled=False)
    make_order(buyer, make_variant(shop))
    relay_all()

    assert not WebhookDelivery.objects.exists()
    assert sending.send_due() == 0


# --- form and signature


def test_the_form_is_that_of_the_contract(buyer, shop, receiver):
    make_endpoint(shop, receiver.url, "order.placed")
    make_order(buyer, make_variant(shop))
    relay_all()
    sending.send_due()

    (headers,) = receiver.headers
    (heard,) = receiver.heard
    moment, mark = headers["MarketFlow-Signature"].split(",")
    assert abs(int(moment.removeprefix("t=")) - time.time()) < 10
    assert len(bytes.fromhex(mark.removeprefix("v1="))) == 32
    assert headers["MarketFlow-Event-Id"] == heard["id"]
    assert headers["Content-Type"] == "application/json"


def test_both_secrets_sign_while_one_replaces_the_other(shop, receiver):
    endpoint = make_endpoint(shop, receiver.url)
    new = endpoints.renew_secret(endpoint=endpoint)
    endpoints.send_test(endpoint=endpoint)
    sending.send_due()

    (headers,) = receiver.headers
    body = WebhookDelivery.objects.get().body.encode()
    assert headers["MarketFlow-Signature"].count("v1=") == 2
    assert is_signed(body, headers["MarketFlow-Signature"], SECRET)
    assert is_signed(body, headers["MarketFlow-Signature"], new)

    WebhookEndpoint.objects.update(former_until=now() - timedelta(seconds=1))
    endpoint.refresh_from_db()
    assert endpoint.secrets(now()) == [new]


def test_no_secret_lies_open_in_the_database(shop):
    endpoint = make_endpoint(shop, "https://one.example/")
    new = endpoints.renew_secret(endpoint=endpoint)
    endpoint.refresh_from_db()

    kept = f"{endpoint.secret} {endpoint.former_secret}"
    assert SECRET not in kept
    assert new not in kept


def test_a_secret_under_a_lost_key_says_so(shop, receiver, settings):
    endpoint = make_endpoint(shop, receiver.url)
    settings.SECRET_KEY = "another key" * 9
    endpoints.send_test(endpoint=endpoint)
    sending.send_due()

    assert "make a new one" in WebhookDelivery.objects.get().last_error
    assert receiver.asked == []


# --- what goes wrong


@pytest.mark.parametrize("mode", ["500", "404", "301 /elsewhere", "hang up"])
def test_what_is_not_accepted_is_tried_again_and_later_and_later(buyer, shop, receiver, mode):
    make_endpoint(shop, receiver.url, "order.placed")
    make_order(buyer, make_variant(shop))
    relay_all()
    receiver.mode = mode
    gaps = []
    for _ in range(3):
        sending.send_due()
        delivery = WebhookDelivery.objects.get()
        gaps.append((delivery.due_at - now()).total_seconds())
        assert sending.send_due() == 0
        all_due()
    receiver.mode = "ok"
    sending.send_due()

    assert gaps == pytest.approx([10, 20, 40], abs=3)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("delivered", 4)
    assert receiver.ids() == [str(delivery.event_id)]
    assert receiver.asked == ["/hooks"] * 4


def test_a_later_event_waits_for_the_earlier_one_of_its_order(buyer, shop, receiver):
    make_endpoint(shop, receiver.url, "order.placed", "order.paid", "seller_order.shipped")
    bowl = make_variant(shop, stock=None)
    first = make_order(buyer, bowl)
    relay_all()
    receiver.mode = "500"
    sending.send_due()
    WebhookDelivery.objects.update(due_at=now() + timedelta(hours=1))
    receiver.mode = "ok"
    pay(first)
    make_order(buyer, bowl)
    relay_all()
    WebhookEndpoint.objects.update(rests_until=now())
    sending.send_due()

    # The second order does not wait for the first; the first is told from its beginning.
    assert receiver.types() == ["order.placed"]
    assert first.number not in json.dumps(receiver.heard)

    all_due()
    sending.send_due()
    told = [heard["type"] for heard in receiver.heard if first.number in json.dumps(heard)]
    assert told == ["order.placed", "order.paid"]


def test_what_the_relay_has_not_told_yet_is_waited_for(buyer, shop, receiver):
    """Relays run side by side: the later of two events may be told first."""
    make_endpoint(shop, receiver.url, "order.placed", "order.paid")
    make_order(buyer, make_variant(shop, stock=None), paid=True)
    OutboxEvent.objects.filter(name="orders.OrderPlaced").update(
        due_at=now() + timedelta(hours=1), done_at=None
    )
    EventReceipt.objects.filter(event__name="orders.OrderPlaced").delete()
    WebhookDelivery.objects.filter(event="order.placed").delete()
    relay_all()

    assert sending.send_due() == 0
    assert receiver.asked == []

    OutboxEvent.objects.update(due_at=now() - timedelta(seconds=1))
    relay_all()
    all_due()
    sending.send_due()
    assert receiver.types() == ["order.placed", "order.paid"]


def test_many_events_and_an_outage_reach_the_receiver_once_each_and_in_order(
    buyer, shop, receiver
):
    make_endpoint(shop, receiver.url, "*")
    bowl = make_variant(shop, stock=None)
    orders = [sell(buyer, bowl) for _ in range(3)]
    for mode in ("500", "hang up", "302 http://169.254.169.254/", "ok"):
        receiver.mode = mode
        sending.send_due()
        all_due()
    orders += [sell(buyer, bowl) for _ in range(2)]
    sending.send_due()

    assert len(receiver.ids()) == len(set(receiver.ids()))
    assert set(receiver.ids()) == set(
        map(str, WebhookDelivery.objects.values_list("event_id", flat=True))
    )
    for order in orders:
        told = [h["type"] for h in receiver.heard if order.number in json.dumps(h)]
        assert told == [
            "order.placed",
            "order.paid",
            "seller_order.shipped",
            "seller_order.delivered",
        ]


def test_after_an_outage_nothing_waits_for_hours(buyer, shop, receiver):
    make_endpoint(shop, receiver.url, "order.placed")
    bowl = make_variant(shop, stock=None)
    for _ in range(4):
        make_order(buyer, bowl)
    relay_all()
    receiver.mode = "503"
    for _ in range(4):
        sending.send_due()
        WebhookEndpoint.objects.update(rests_until=now())
    receiver.mode = "ok"
    late = WebhookDelivery.objects.order_by("pk").first()
    WebhookDelivery.objects.update(due_at=now() + timedelta(hours=5))
    WebhookDelivery.objects.filter(pk=late.pk).update(due_at=now() - timedelta(seconds=1))

    sending.send_due()

    assert len(receiver.heard) == 4


def test_an_endpoint_that_is_down_is_not_stormed(buyer, shop, receiver):
    make_endpoint(shop, receiver.url, "order.placed")
    bowl = make_variant(shop, stock=None)
    for _ in range(5):
        make_order(buyer, bowl)
    relay_all()
    receiver.mode = "503"

    sending.send_due()
    sending.send_due()

    assert len(receiver.asked) == 1
    endpoint = WebhookEndpoint.objects.get()
    assert (endpoint.state, endpoint.failures) == ("failing", 1)


def test_a_slow_receiver_is_cut_off_and_holds_nobody_up(shop, rival, receiver, monkeypatch):
    monkeypatch.setattr(wire, "SECONDS", 2)
    with receiving() as other:
        slow = make_endpoint(shop, receiver.url)
        quick = make_endpoint(rival, other.url)
        receiver.mode = "slow"
        for _ in range(3):
            endpoints.send_test(endpoint=slow)
            endpoints.send_test(endpoint=quick)
        sending.send_due()

        assert receiver.most_at_once == 1
        held_up = slow.deliveries.get(attempts=1)
        assert "within 2 seconds" in held_up.last_error
        # All of the other's were heard while the first of the slow one's was waited for.
        gave_up_at = held_up.tries.get().made_at
        assert len(other.heard) == 3
        assert max(quick.deliveries.values_list("delivered_at", flat=True)) < gave_up_at


def test_an_endpoint_is_told_one_thing_at_a_time(shop, receiver):
    endpoint = make_endpoint(shop, receiver.url)
    for _ in range(12):
        endpoints.send_test(endpoint=endpoint)

    assert sending.send_due() == 12
    assert receiver.most_at_once == 1


def test_of_many_endpoints_each_has_its_turn(shop, rival, receiver, monkeypatch):
    monkeypatch.setattr(threads, "SLOTS", 1)
    busy, calm = make_endpoint(shop, receiver.url), make_endpoint(rival, receiver.url)
    for _ in range(4):
        endpoints.send_test(endpoint=busy)
    endpoints.send_test(endpoint=calm)
    sending.send_due()

    assert [heard["shop"] for heard in receiver.heard[:2]] == ["fern-co", "rival-goods"]


def test_an_endless_answer_is_read_to_its_beginning_only(shop, receiver):
    endpoints.send_test(endpoint=make_endpoint(shop, receiver.url))
    receiver.mode = "endless"
    sending.send_due()

    assert len(WebhookAttempt.objects.get().response_body) == wire.MOST_ANSWER


def test_a_worker_that_dies_in_the_middle_loses_nothing(shop, receiver):
    endpoints.send_test(endpoint=make_endpoint(shop, receiver.url))
    job = sending.take()
    # It is said, and the worker dies before it can write that down.
    assert sending.say(job).is_accepted

    assert sending.take() is None
    assert sending.send_due() == 0

    WebhookEndpoint.objects.update(claimed_until=now() - timedelta(seconds=1))
    assert sending.send_due() == 1
    assert receiver.ids() == [str(job.delivery.event_id)] * 2


def test_who_comes_back_after_its_claim_lets_go_of_nobody_elses(shop, receiver):
    endpoints.send_test(endpoint=make_endpoint(shop, receiver.url))
    late = sending.take()
    WebhookEndpoint.objects.update(claimed_until=now() - timedelta(seconds=1))
    other = sending.take()

    outcomes.record(late.delivery, late.claim, Answer(error="died"))

    endpoint = WebhookEndpoint.objects.get()
    assert endpoint.claim == other.claim
    assert sending.take() is None


# --- three days


def age(**delta) -> None:
    past = now() - timedelta(**delta)
    WebhookDelivery.objects.exclude(first_tried_at=None).update(first_tried_at=past)
    WebhookEndpoint.objects.exclude(failing_since=None).update(failing_since=past)
    all_due()


def test_after_three_days_of_failure_it_is_switched_off_and_its_people_are_told(
    buyer, shop, receiver
):
    make_user("sue")
    make_endpoint(shop, receiver.url, "order.placed")
    make_order(buyer, make_variant(shop))
    relay_all()
    receiver.mode = "500"
    sending.send_due()
    age(days=2, hours=23)
    sending.send_due()
    assert WebhookEndpoint.objects.get().is_enabled

    age(days=3, seconds=1)
    sending.send_due()

    endpoint, delivery = WebhookEndpoint.objects.get(), WebhookDelivery.objects.get()
    assert (endpoint.state, endpoint.off_reason, delivery.state) == ("off", "failing", "failed")
    (mail,) = Mail.objects.filter(kind="webhook_endpoint_off")
    assert mail.recipient == "fern@example.test"
    assert receiver.url in mail.text
    assert f"/seller/notifications/webhookendpoint/{endpoint.pk}/" in mail.text
    asked = len(receiver.asked)
    all_due()
    assert sending.send_due() == 0
    assert len(receiver.asked) == asked


def test_the_marketplaces_own_endpoint_is_the_operators_business(shop, receiver, settings):
    settings.OPERATOR_EMAIL = "ops@market.test"
    endpoints.send_test(endpoint=make_endpoint(None, receiver.url))
    receiver.mode = "500"
    sending.send_due()
    age(days=4)
    sending.send_due()

    assert Mail.objects.get(kind="webhook_endpoint_off").recipient == "ops@market.test"


def test_one_poisoned_event_is_given_up_and_the_rest_goes_on(buyer, shop, receiver):
    endpoint = make_endpoint(shop, receiver.url, "order.placed", "order.paid")
    order = make_order(buyer, make_variant(shop))
    relay_all()
    receiver.mode = "422"
    sending.send_due()
    past = now() - timedelta(days=3, seconds=1)
    WebhookDelivery.objects.update(first_tried_at=past, due_at=past)
    WebhookEndpoint.objects.update(failing_since=None, rests_until=past)
    sending.send_due()
    assert WebhookDelivery.objects.get().state == "failed"

    receiver.mode = "ok"
    pay(order)
    relay_all()
    all_due()
    sending.send_due()

    assert receiver.types() == ["order.paid"]
    endpoint.refresh_from_db()
    assert endpoint.is_enabled


def test_no_mail_goes_out_for_a_passing_failure(shop, receiver):
    endpoints.send_test(endpoint=make_endpoint(shop, receiver.url))
    receiver.mode = "500"
    sending.send_due()

    assert outgoing.outbox == []
    assert not Mail.objects.exists()


# --- where nothing may go


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://localhost/",
        "https://10.0.0.1/hooks",
        "https://192.168.1.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://2130706433/",
        "http://1.1.1.1/",
        "https://1.1.1.1:22/",
        "https://user:pass@1.1.1.1/",
        "https://1.1.1.1/#part",
        "ftp://1.1.1.1/",
        "https://",
        "https://1.1.1.1/a\r\nHost: inside",
    ],
)
def test_an_address_inside_is_refused_when_it_is_saved_and_when_it_is_sent_to(
    shop, url, settings, monkeypatch
):
    settings.WEBHOOK_ALLOWED_NETWORKS = []
    monkeypatch.setattr(outside.socket, "create_connection", _never)

    with pytest.raises(endpoints.BadAddress):
        endpoints.require_public(url)

    endpoints.send_test(endpoint=make_endpoint(shop, url))
    sending.send_due()
    assert "not a public one" in WebhookDelivery.objects.get().last_error


def _never(*args, **kwargs):
    raise AssertionError(f"connected to {args}")


def test_a_name_that_turns_to_the_inside_after_it_was_saved_is_refused(
    shop, settings, monkeypatch
):
    """DNS that rebinds: public when looked at, our own network when sent to."""
    settings.WEBHOOK_ALLOWED_NETWORKS = []
    with closing(socket.create_server(("127.0.0.1", 0))) as inside:
        inside.settimeout(0.2)
        port = inside.getsockname()[1]
        means = ["1.1.1.1"]
        monkeypatch.setattr(outside.socket, "getaddrinfo", _answering(means))
        url = f"https://rebinding.example:{port}/"
        endpoints.require_public(url)
        endpoint, _ = endpoints.create(shop=shop, url=url, events=["*"])

        means[:] = ["127.0.0.1"]
        endpoints.send_test(endpoint=endpoint)
        sending.send_due()

        with pytest.raises(TimeoutError):
            inside.accept()
        assert "not a public one" in WebhookDelivery.objects.get().last_error


def test_one_look_up_decides_and_the_connection_goes_where_it_said(shop, receiver, monkeypatch):
    looked_up, real = [], socket.getaddrinfo

    def rebinding(host, port, *args, **kwargs):
        if host != "rebinding.example":
            return real(host, port, *args, **kwargs)
        looked_up.append(host)
        return _answers("127.0.0.1" if len(looked_up) == 1 else "192.0.2.1", port)

    port = receiver.base.rpartition(":")[2]
    monkeypatch.setattr(outside.socket, "getaddrinfo", rebinding)
    receiver.mode = "404"
    answer = wire.post(f"http://rebinding.example:{port}/hooks", b"{}", {})

    assert (looked_up, answer.status) == (["rebinding.example"], 404)


def test_a_redirect_inside_is_not_followed(shop, receiver, settings):
    with receiving() as inside:
        endpoints.send_test(endpoint=make_endpoint(shop, receiver.url))
        receiver.mode = f"307 {inside.url}"
        sending.send_due()

        assert inside.asked == []
        assert "redirect" in WebhookDelivery.objects.get().last_error


def test_a_resolver_that_does_not_answer_is_not_waited_for(shop, settings, monkeypatch):
    monkeypatch.setattr(wire, "SECONDS", 0.2)
    monkeypatch.setattr(outside.socket, "getaddrinfo", lambda *args, **kwargs: time.sleep(3) or [])
    begun = time.monotonic()
    answer = wire.post("https://slow.example/", b"{}", {})

    assert time.monotonic() - begun < 1
    assert answer.status is None


def _answering(means):
    return lambda host, port, **kwargs: [entry for ip in means for entry in _answers(ip, port)]


def _answers(ip, port):
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port))]


# --- the log, and sending again


def test_the_log_holds_request_and_answer_and_no_secret(shop, receiver):
    endpoints.send_test(endpoint=make_endpoint(shop, receiver.url))
    receiver.mode = "500"
    sending.send_due()

    attempt = WebhookAttempt.objects.get()
    assert (attempt.status, attempt.url) == (500, receiver.url)
    assert attempt.response_headers["Set-Cookie"] == "…"
    assert SECRET not in attempt.response_body
    assert attempt.request_headers["MarketFlow-Signature"] == "…"


def test_what_was_told_is_told_again_word_for_word(buyer, shop, receiver):
    make_endpoint(shop, receiver.url, "order.placed")
    make_order(buyer, make_variant(shop))
    relay_all()
    sending.send_due()
    delivery = WebhookDelivery.objects.get()

    endpoints.send_again(delivery=delivery)
    sending.send_due()

    assert receiver.heard[0] == receiver.heard[1]
    assert delivery.tries.count() == 2


def test_a_span_is_told_again_in_order(buyer, shop, receiver):
    endpoint = make_endpoint(shop, receiver.url, "order.placed", "order.paid")
    bowl = make_variant(shop, stock=None)
    make_order(buyer, bowl, paid=True)
    relay_all()
    sending.send_due()
    WebhookDelivery.objects.update(created_at=now() - timedelta(hours=2))
    second = make_order(buyer, bowl, paid=True)
    relay_all()
    sending.send_due()
    receiver.heard.clear()

    assert endpoints.send_span_again(endpoint=endpoint, since=now() - timedelta(hours=1)) == 2
    sending.send_due()

    assert receiver.types() == ["order.placed", "order.paid"]
    assert all(second.number in json.dumps(heard) for heard in receiver.heard)


def test_nothing_is_sent_again_to_who_is_switched_off(shop, receiver):
    endpoint = make_endpoint(shop, receiver.url)
    delivery = endpoints.send_test(endpoint=endpoint)
    endpoints.change(endpoint=endpoint, is_enabled=False)

    with pytest.raises(endpoints.EndpointOff):
        endpoints.send_again(delivery=delivery)
    with pytest.raises(endpoints.EndpointOff):
        endpoints.send_test(endpoint=endpoint)

    delivery.refresh_from_db()
    assert delivery.state == "failed"
    endpoints.change(endpoint=endpoint, is_enabled=True)
    endpoints.send_again(delivery=delivery)
    assert sending.send_due() == 1


def test_a_message_is_announced_and_not_repeated(buyer, shop, receiver):
    make_endpoint(shop, receiver.url, "message.posted")
    message = make_message(buyer, shop, "Is it oak, or elm?")
    relay_all()
    sending.send_due()

    (told,) = receiver.heard
    assert told["data"] == {
        "conversation": str(message.conversation.uuid),
        "message": str(message.uuid),
        "seq": 1,
        "side": "buyer",
        "kind": "text",
    }
    assert "elm" not in WebhookDelivery.objects.get().body


def test_the_receiver_of_the_guide_believes_what_is_signed_and_nothing_else(
    shop, receiver, settings
):
    guide = (settings.BASE_DIR / "docs" / "webhooks.md").read_text("utf-8")
    (example,) = re.findall(r"^```python\n(.*?)^```", guide, re.DOTALL | re.MULTILINE)
    named: dict = {}
    exec(example, named)
    endpoint = make_endpoint(shop, receiver.url)
    renewed = endpoints.renew_secret(endpoint=endpoint)
    delivery = endpoints.send_test(endpoint=endpoint)
    sending.send_due()

    body, header = delivery.body.encode(), receiver.headers[0]["MarketFlow-Signature"]
    assert named["is_genuine"](body, header, SECRET)
    assert named["is_genuine"](body, header, renewed)
    assert not named["is_genuine"](body + b" ", header, SECRET)
    assert not named["is_genuine"](body, header, "whsec_another")
    assert not named["is_genuine"](body, header, SECRET, now=time.time() + 301)
    assert not named["is_genuine"](body, "v1=00", SECRET)


def test_the_guide_names_every_event(settings):
    guide = (settings.BASE_DIR / "docs" / "webhooks.md").read_text("utf-8")

    assert [name for name in EVENTS if f"`{name}`" not in guide] == []
