"""Mail: written once as a row, sent until it is gone.

A row is claimed before it is sent, by moving its hour ahead: two workers never send one mail. A
worker that dies in between leaves it to be tried again when that hour has come.
"""

from __future__ import annotations

import logging
import smtplib
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.utils.timezone import now

from notifications.models import Mail

logger = logging.getLogger(__name__)

# Longer than any mail server may take to answer: see EMAIL_TIMEOUT.
CLAIM = timedelta(minutes=5)
# After the first failure; then twice as long each time: nine gaps are a day and a half.
FIRST_GAP = timedelta(minutes=5)
TEMPLATES = "notifications/email"
# Kept free of mailboxes by RFC 2606.
NOWHERE = ".invalid"


def write(*, recipient: str, kind: str, about: str, context: dict[str, object]) -> Mail | None:
    """Write the mail `kind` to `recipient` about something; None where that was done before,
    and for an address that can't exist, such as a rehearsal's.

    Rendered from `<kind>_subject.txt`, `<kind>.txt` and `<kind>.html`. Sent after the commit.
    """
    if recipient.endswith(NOWHERE):
        return None
    context = context | {"site_url": settings.SITE_URL, "email": recipient}
    subject = render_to_string(f"{TEMPLATES}/{kind}_subject.txt", context)
    mail, is_new = Mail.objects.get_or_create(
        recipient=recipient,
        dedupe_key=f"{kind}:{about}",
        defaults={
            "kind": kind,
            "subject": " ".join(subject.split())[:200],
            "text": render_to_string(f"{TEMPLATES}/{kind}.txt", context).strip() + "\n",
            "html": render_to_string(f"{TEMPLATES}/{kind}.html", context),
        },
    )
    if not is_new:
        return None
    transaction.on_commit(lambda: _send_soon(mail.pk), robust=True)
    return mail


def send(mail_id: int) -> bool:
    """Send a mail that waits. False where another worker has it, or the server refused."""
    if not _claim(mail_id):
        return False
    mail = Mail.objects.get(pk=mail_id)
    try:
        _hand_over(mail)
    except (OSError, smtplib.SMTPException) as problem:
        _try_later(mail, problem)
        return False
    Mail.objects.filter(pk=mail_id).update(sent_at=now(), last_error="")
    return True


def send_waiting(limit: int = 200) -> int:
    """Send what is due. Returns how many went out."""
    due = Mail.objects.waiting().order_by("due_at").values_list("pk", flat=True)[:limit]
    return sum(send(pk) for pk in list(due))


def _claim(mail_id: int) -> bool:
    waiting = Mail.objects.waiting().filter(pk=mail_id)
    return bool(waiting.update(attempts=F("attempts") + 1, due_at=Now() + CLAIM))


def _hand_over(mail: Mail) -> None:
    message = EmailMultiAlternatives(mail.subject, mail.text, to=[mail.recipient])
    if mail.html:
        message.attach_alternative(mail.html, "text/html")
    message.send()


def _try_later(mail: Mail, problem: Exception) -> None:
    """With growing gaps; after the last attempt it stays as a dead letter, with its error."""
    gap = FIRST_GAP * 2 ** (mail.attempts - 1)
    Mail.objects.filter(pk=mail.pk).update(due_at=Now() + gap, last_error=str(problem)[:300])
    if mail.attempts >= Mail.MOST_ATTEMPTS:
        logger.warning("mail %s is given up after %s attempts", mail.pk, mail.attempts)


def _send_soon(mail_id: int) -> None:
    from notifications.tasks import send_mail_row

    # One try: a broker that is away must not hold up the request. The sweep finds it.
    send_mail_row.apply_async([mail_id], retry=False)
