"""Mail: written once as a row, in its reader's language, and sent until it is gone."""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation

from notifications.models import Habits, Mail

logger = logging.getLogger(__name__)

TEMPLATES = "notifications/email"
# Kept free of mailboxes by RFC 2606.
NOWHERE = ".invalid"


def write(
    *,
    recipient: str,
    kind: str,
    about: str,
    context: dict[str, object],
    template: str = "",
    reader: Habits | None = None,
    due_at: datetime | None = None,
    way_out: str = "",
) -> Mail | None:
    """Write the mail `kind` to `recipient` about something; None where that was done before,
    and for an address that can't exist, such as a rehearsal's.

    Rendered from `<template>_subject.txt`, `.txt` and `.html`, by default those of the kind, in
    the language and the time zone of `reader`. Sent after the commit, or once `due_at` has come.
    `way_out` is the address that ends mails of this kind, for those that may be ended.
    """
    if recipient.endswith(NOWHERE):
        return None
    with _in_the_words_of(reader):
        more = {"email": recipient, "unsubscribe_url": way_out}
        subject, text, html = render(template or kind, context | more)
    values = {"subject": subject, "text": text, "html": html, "unsubscribe_url": way_out}
    if due_at is not None:
        values["due_at"] = due_at
    mail, is_new = Mail.objects.get_or_create(
        recipient=recipient,
        dedupe_key=f"{kind}:{about}",
        defaults=values | {"kind": template or kind},
    )
    if not is_new:
        return None
    if due_at is None:
        transaction.on_commit(lambda: _send_soon(mail.pk), robust=True)
    return mail


def render(template: str, context: dict[str, object]) -> tuple[str, str, str]:
    """Subject, text and HTML of a mail, in the language of the moment."""
    context = {"site_url": settings.SITE_URL} | context

    def part(ending: str) -> str:
        # What has no mail of its own is told by the sentence of the list.
        own, plain = f"{TEMPLATES}/{template}{ending}", f"{TEMPLATES}/notice{ending}"
        return render_to_string([own, plain], context)

    subject = " ".join(part("_subject.txt").split())[:200]
    return subject, part(".txt").strip() + "\n", part(".html")


def send(mail_id: int) -> bool:
    """Send a mail that waits. False where another worker has it, or the server refused."""
    if not Mail.claim(mail_id):
        return False
    mail = Mail.objects.get(pk=mail_id)
    try:
        _hand_over(mail)
    except (OSError, smtplib.SMTPException) as problem:
        mail.postpone(problem)
        if mail.is_given_up:
            logger.warning("mail %s is given up after %s attempts", mail.pk, mail.attempts)
        return False
    mail.finish()
    return True


def send_waiting(limit: int = 200) -> int:
    """Send what is due. Returns how many went out."""
    due = Mail.objects.waiting().order_by("due_at").values_list("pk", flat=True)[:limit]
    return sum(send(pk) for pk in list(due))


@contextmanager
def _in_the_words_of(reader: Habits | None) -> Iterator[None]:
    """Guests never told us theirs: the market's."""
    reader = reader or Habits()
    with translation.override(reader.words), timezone.override(reader.zone):
        yield


def _hand_over(mail: Mail) -> None:
    message = EmailMultiAlternatives(
        mail.subject, mail.text, to=[mail.recipient], headers=_headers(mail)
    )
    if mail.html:
        message.attach_alternative(mail.html, "text/html")
    message.send()


def _headers(mail: Mail) -> dict[str, str]:
    # The same however often it is sent: a mail program that gets it twice shows one.
    headers = {"Message-ID": f"<mail.{mail.pk}@{urlsplit(settings.SITE_URL).hostname}>"}
    if mail.unsubscribe_url:
        # One click (RFC 8058): the mail program posts, nobody has to sign in.
        headers["List-Unsubscribe"] = f"<{mail.unsubscribe_url}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


def _send_soon(mail_id: int) -> None:
    from notifications.tasks import send_mail_row

    # One try: a broker that is away must not hold up the request. The sweep finds it.
    send_mail_row.apply_async([mail_id], retry=False)
