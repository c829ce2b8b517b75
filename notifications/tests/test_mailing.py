from __future__ import annotations

import smtplib
from datetime import timedelta

import pytest
from django.core import mail as outgoing
from django.utils.timezone import now
from django.utils.translation import get_language

from notifications import tasks
from notifications.models import Habits, Mail
from notifications.services import mailing

pytestmark = pytest.mark.django_db


def write(about: str = "1", recipient: str = "ana@example.test") -> Mail | None:
    return mailing.write(
        recipient=recipient,
        kind="shop_applied",
        about=about,
        context={"shop": {"name": "Fern & Co"}},
    )


@pytest.fixture
def broken_server(monkeypatch):
    def refuse(mail):
        raise smtplib.SMTPServerDisconnected("gone away")

    monkeypatch.setattr(mailing, "_hand_over", refuse)


def test_a_mail_is_a_row_until_the_commit_sends_it(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        mail = write()
        assert outgoing.outbox == []

    mail.refresh_from_db()
    assert mail.sent_at is not None
    (sent,) = outgoing.outbox
    assert (sent.to, sent.subject) == (
        ["ana@example.test"],
        "We have your application for Fern & Co",
    )
    assert "Fern & Co" in sent.body
    assert sent.alternatives[0].mimetype == "text/html"
    assert "Fern &amp; Co" in sent.alternatives[0].content


def test_it_is_written_in_the_language_of_its_reader_and_for_a_guest_in_the_markets(monkeypatch):
    languages = []

    def render(template, context):
        languages.append(get_language())
        return "Subject", "Text", "<p>Text</p>"

    monkeypatch.setattr(mailing, "render", render)
    for about, reader in (("1", Habits(language="ga")), ("2", Habits()), ("3", None)):
        mailing.write(
            recipient="ana@example.test", kind="shop_applied", about=about, context={},
            reader=reader,
        )  # fmt: skip

    assert languages == ["ga", "en-gb", "en-gb"]


def test_about_one_thing_a_person_is_written_to_once():
    assert write() is not None
    assert write() is None
    assert write("2") is not None
    assert write(recipient="sam@example.test") is not None

    assert Mail.objects.count() == 3


def test_what_one_worker_has_claimed_another_leaves_alone():
    mail = write()
    assert Mail.claim(mail.pk)

    assert mailing.send(mail.pk) is False
    assert mailing.send_waiting() == 0
    assert outgoing.outbox == []


def test_what_a_worker_left_behind_is_taken_up_again():
    mail = write()
    Mail.claim(mail.pk)
    Mail.objects.update(due_at=now() - timedelta(seconds=1))

    assert tasks.send_waiting_mail() == 1

    mail.refresh_from_db()
    assert (mail.attempts, len(outgoing.outbox)) == (2, 1)


def test_what_was_sent_is_not_sent_again():
    mail = write()

    assert tasks.send_mail_row(mail.pk) is True
    assert tasks.send_mail_row(mail.pk) is False
    assert tasks.send_waiting_mail() == 0
    assert len(outgoing.outbox) == 1


def test_a_refused_mail_is_tried_again_after_growing_gaps(broken_server):
    mail = write()
    gaps = []
    for _ in range(3):
        Mail.objects.update(due_at=now() - timedelta(seconds=1))
        assert mailing.send(mail.pk) is False
        mail.refresh_from_db()
        gaps.append(round((mail.due_at - now()).total_seconds() / 60))

    assert gaps == [5, 10, 20]
    assert (mail.sent_at, mail.last_error) == (None, "gone away")


def test_after_the_last_attempt_it_stays_as_a_dead_letter(broken_server):
    mail = write()
    Mail.objects.update(attempts=Mail.MOST_ATTEMPTS - 1)

    assert mailing.send(mail.pk) is False
    Mail.objects.update(due_at=now() - timedelta(days=1))

    assert mailing.send_waiting() == 0
    mail.refresh_from_db()
    assert (mail.attempts, mail.sent_at) == (Mail.MOST_ATTEMPTS, None)


def test_a_subject_is_one_line():
    mail = mailing.write(
        recipient="ana@example.test",
        kind="shop_applied",
        about="1",
        context={"shop": {"name": "Fern\r\nBcc: all@example.test"}},
    )

    assert mail.subject == "We have your application for Fern Bcc: all@example.test"
