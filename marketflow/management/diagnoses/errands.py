"""What was promised for later and did not happen: answers to keys, events, webhooks, mail."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models.functions import Now

from marketflow.core import events
from marketflow.core.models import IdempotentRequest, OutboxEvent
from marketflow.management.diagnoses.diagnosis import PATIENCE, Case, Diagnosis
from notifications.models import Mail, WebhookEndpoint
from notifications.services import mailing
from notifications.services.webhooks import endpoints
from orders.api import completing


def dead_keys() -> Iterable[Case]:
    for entry in IdempotentRequest.objects.dead().order_by("pk"):
        yield Case(entry.pk, f"key {entry.key}, claimed {entry.created_at:%F %T}")


def untold_events() -> Iterable[Case]:
    rows = OutboxEvent.objects.filter(done_at=None, created_at__lt=Now() - PATIENCE)
    for event in rows.order_by("pk"):
        yield Case(event.pk, f"{event.name}, told {event.attempts} times without success")


def unsent_mail() -> Iterable[Case]:
    rows = Mail.objects.filter(sent_at=None, created_at__lt=Now() - PATIENCE)
    # What waits for the end of somebody's quiet hours is in order.
    rows = rows.exclude(attempts=0, due_at__gt=Now() - PATIENCE)
    for mail in rows.order_by("pk"):
        tried = f"{mail.attempts} attempts, {mail.last_error or 'no error'}"
        yield Case(mail.pk, f"mail {mail.pk} ({mail.kind}), {tried}")


def dead_endpoints() -> Iterable[Case]:
    for endpoint in WebhookEndpoint.objects.dead().select_related("shop").order_by("pk"):
        whose = endpoint.shop.slug if endpoint.shop else "the marketplace"
        yield Case(endpoint.pk, f"{endpoint.url} of {whose}, off since {endpoint.off_at:%F %T}")


def answer_key(pk: int) -> None:
    completing.complete(IdempotentRequest.objects.get(pk=pk))


def tell_again(pk: int) -> None:
    OutboxEvent.objects.filter(pk=pk, done_at=None).update(due_at=Now())
    events.relay()


def send_again(pk: int) -> None:
    # A dead letter begins anew: whoever calls the doctor has repaired the mail server.
    Mail.objects.filter(pk=pk, sent_at=None).update(attempts=0, due_at=Now())
    mailing.send(pk)


def try_endpoint(pk: int) -> None:
    endpoints.revive(endpoint=WebhookEndpoint.objects.select_related("shop").get(pk=pk))


ERRANDS = [
    Diagnosis(
        "stuck_key",
        "a request's process died while it called a provider, and its key is unanswered",
        dead_keys,
        answer_key,
    ),
    Diagnosis(
        "untold_event",
        "something happened and not everybody was told",
        untold_events,
        tell_again,
    ),
    Diagnosis(
        "dead_endpoint",
        "accepted no webhook for three days, and was switched off",
        dead_endpoints,
        try_endpoint,
    ),
    Diagnosis("unsent_mail", "written and not sent", unsent_mail, send_again),
]
