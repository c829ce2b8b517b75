"""One click ends mails of a kind, for who has the mail; never those that are essential."""

from __future__ import annotations

import pytest
from django.core import mail as outgoing
from django.test import Client

from notifications.kinds import Channel
from notifications.models import Mail, Preference
from notifications.services import delivery, mailing, preferences
from notifications.tests.factories import parcel_news

pytestmark = pytest.mark.django_db


@pytest.fixture
def mail(buyer) -> Mail:
    delivery.tell(user=buyer, news=parcel_news())
    return Mail.objects.get()


def test_the_mail_program_ends_it_by_one_post_without_signing_in(buyer, mail):
    mailing.send(mail.pk)
    (sent,) = outgoing.outbox
    address = sent.extra_headers["List-Unsubscribe"].strip("<>")
    assert sent.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert address in sent.body

    path = address.removeprefix("http://127.0.0.1:8000")
    client = Client(enforce_csrf_checks=True)
    answer = client.post(path, {"List-Unsubscribe": "One-Click"})

    assert answer.status_code == 200
    assert Channel.EMAIL not in preferences.wishes_of(buyer, "parcel_sent").channels
    assert Channel.IN_APP in preferences.wishes_of(buyer, "parcel_sent").channels


def test_opening_the_link_ends_nothing_yet(client, mail):
    page = client.get(mail.unsubscribe_url.removeprefix("http://127.0.0.1:8000"))

    assert page.status_code == 200
    assert "No more mails" in page.content.decode()
    assert not Preference.objects.exists()


@pytest.mark.parametrize("token", ["nonsense", "WzEsInBhcmNlbF9zZW50Il0:1wOn9d:forged"])
def test_a_link_that_no_mail_bore_is_unknown(client, token):
    assert client.post(f"/notifications/unsubscribe/{token}/").status_code == 404
    assert not Preference.objects.exists()


def test_an_essential_mail_bears_no_way_out(buyer):
    delivery.tell(user=buyer, news=parcel_news(kind="order_paid"))

    mail = Mail.objects.get()
    mailing.send(mail.pk)
    assert (mail.unsubscribe_url, "unsubscribe" in mail.text) == ("", False)
    assert "List-Unsubscribe" not in outgoing.outbox[0].extra_headers
    assert preferences.switch_off(user=buyer, kind="order_paid", channel=Channel.EMAIL) is False
