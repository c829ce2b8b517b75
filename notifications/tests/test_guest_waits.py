"""Who has no account waits by mail: confirmed by a link, told in the same line, forgotten."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail as outgoing
from django.test import Client
from django.utils.timezone import now

from carts.models import BackInStockRequest
from carts.services import guest_waits, waiting_lines
from catalog.services import inventory
from catalog.tests.factories import make_variant
from marketflow.core.tests.pages import Page, Visitor
from notifications.models import Mail
from notifications.services import mailing, watching
from notifications.tests.test_receivers import hear, written_to
from notifications.tests.test_stock_news import arrive, told_back

pytestmark = pytest.mark.django_db

GIL = "gil@example.test"
SITE = "http://127.0.0.1:8000"


@pytest.fixture
def bowl(shop):
    return make_variant(shop, "Oak bowl", stock=0)


def ask(bowl, email: str = GIL, client: Client | None = None) -> Page:
    gil = Visitor(client or Client())
    gil.open(bowl.product.get_absolute_url())
    gil.press("Tell me when it is back")
    return gil.press("Tell me", email=email)


def link(kind: str = "guest_asked", way_out: bool = False) -> str:
    mail = Mail.objects.filter(kind=kind).latest("pk")
    if way_out:
        return mail.unsubscribe_url.removeprefix(SITE)
    return next(line for line in mail.text.splitlines() if line.startswith(SITE))[len(SITE) :]


def wait(bowl, email: str = GIL) -> BackInStockRequest:
    guest_waits.ask(email=email, variant=bowl)
    request = BackInStockRequest.objects.latest("pk")
    guest_waits.confirm(request)
    return request


def test_a_guest_is_told_once_the_link_of_the_mail_is_confirmed(bowl):
    page = ask(bowl)
    assert "Look into your mail" in page.text
    hear()
    assert written_to("guest_asked") == [GIL]

    gil = Visitor()
    gil.open(link())
    assert not BackInStockRequest.objects.waiting().exists()
    assert "We tell you when it is back." in gil.press("Yes, tell me").text

    arrive(bowl, 1)
    assert written_to("guest_back_in_stock") == [GIL]
    (mail,) = Mail.objects.filter(kind="guest_back_in_stock")
    assert mail.subject == "Oak bowl is back."
    assert link("guest_back_in_stock") == bowl.product.get_absolute_url()


def test_who_confirms_nothing_is_told_nothing(bowl):
    ask(bowl)
    arrive(bowl, 1)

    assert written_to("guest_back_in_stock") == []


def test_guests_and_those_signed_in_stand_in_one_line(bowl, buyer, stranger):
    wait(bowl)
    waiting_lines.ask(user=buyer, variant=bowl)
    wait(bowl, "hal@example.test")
    waiting_lines.ask(user=stranger, variant=bowl)

    arrive(bowl, 2)
    assert (written_to("guest_back_in_stock"), told_back()) == ([GIL], [buyer.email])
    arrive(bowl, 1, key="2")
    assert written_to("guest_back_in_stock") == [GIL, "hal@example.test"]
    assert told_back() == [buyer.email]


def test_the_address_is_forgotten_with_the_telling_and_the_mails_in_the_night(bowl):
    ask(bowl)
    hear()
    Visitor().open(link())
    guest_waits.confirm(BackInStockRequest.objects.get())
    arrive(bowl, 1)

    told = BackInStockRequest.objects.get()
    assert (told.email, told.mailbox, told.user_id) == ("", "", None)
    mailing.send_waiting()
    assert watching.forget_guests() == 2
    assert not Mail.objects.filter(recipient=GIL).exists()


def test_an_address_that_nobody_confirms_is_forgotten(bowl):
    ask(bowl)
    ask(bowl, "hal@example.test")
    waiting = BackInStockRequest.objects.get(email="hal@example.test")
    guest_waits.confirm(waiting)
    BackInStockRequest.objects.update(asked_at=now() - timedelta(days=4))

    watching.forget_guests()

    assert BackInStockRequest.objects.get() == waiting


def test_one_click_ends_all_that_a_mailbox_waits_for_and_opening_the_link_nothing(shop, bowl):
    wait(make_variant(shop, "Brass lamp", stock=0))
    wait(bowl, "hal@example.test")
    ask(bowl)
    hear()
    mailing.send_waiting()
    sent = next(mail for mail in outgoing.outbox if mail.to == [GIL])
    assert sent.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = link(way_out=True)
    assert GIL not in address

    program = Client(enforce_csrf_checks=True)
    assert program.get(address).status_code == 200
    assert BackInStockRequest.objects.count() == 3
    assert program.post(address, {"List-Unsubscribe": "One-Click"}).status_code == 200

    assert [request.email for request in BackInStockRequest.objects.all()] == ["hal@example.test"]


def test_the_answer_does_not_say_who_waits_or_has_an_account(bowl, buyer):
    wait(bowl)

    answers = {ask(bowl, email).text for email in (GIL, buyer.email, "nobody@example.test")}

    assert len(answers) == 1
    # Who waits already gets no mail; spelt otherwise they are the same.
    ask(bowl, "Gil@Example.test")
    hear()
    assert written_to("guest_asked") == [buyer.email, "nobody@example.test"]


def test_what_is_there_is_not_waited_for(shop, bowl):
    gil = Visitor()
    gil.open(bowl.product.get_absolute_url())
    gil.press("Tell me when it is back")
    inventory.receive(bowl.stock, 3, key="1")

    assert "It is in stock now." in gil.press("Tell me", email=GIL).text
    assert not BackInStockRequest.objects.exists()


def test_a_mistyped_address_is_asked_for_again(bowl):
    page = ask(bowl, "gil@")

    assert page.status == 422
    assert not BackInStockRequest.objects.exists()


def test_mailboxes_are_not_flooded(settings, bowl):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"tell_guest": "2/600"}
    for number in range(3):
        page = ask(bowl, client=Client(REMOTE_ADDR=f"192.0.2.{number}"))

    assert page.status == 429


@pytest.mark.parametrize("what", ["confirm", "end"])
@pytest.mark.parametrize("token", ["nonsense", "MQ:1wOn9d:forged"])
def test_a_link_that_no_mail_bore_is_unknown(client, what, token):
    assert client.post(f"/cart/tell-me/{what}/{token}/").status_code == 404


def test_a_link_is_no_use_once_it_is_told(client, bowl):
    request = wait(bowl)
    address = guest_waits.link_to_confirm(request).removeprefix(SITE)
    arrive(bowl, 1)

    assert client.get(address).status_code == 404
