"""The Celery app, and the whole beat schedule on one screen."""

from __future__ import annotations

import os
from typing import Any, NoReturn

from celery import Celery, platforms
from celery.apps import beat
from celery.schedules import crontab
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketflow.settings")


class Beat(beat.Beat):
    """Beat that TERM ends wherever it comes."""

    def install_sync_handler(self, service: Any) -> None:
        """Leave what was interrupted first; `Service.start` saves the schedule on its way out.

        Celery's own handler saves it in the middle of that. Where that is a query, saving waits
        for good for the connection that the query holds.
        """

        def leave(*_: object) -> NoReturn:
            raise SystemExit

        platforms.signals.update(SIGTERM=leave, SIGINT=leave)


app = Celery("marketflow")
app.Beat = app.subclass_with_self(Beat)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(DjangoStructLogInitStep)
app.autodiscover_tasks()

app.conf.beat_schedule = {
    "relay-outbox": {"task": "marketflow.core.tasks.relay_outbox", "schedule": 10.0},
    "release-expired": {"task": "orders.tasks.release_expired", "schedule": 30.0},
    "settle-unknown-payments": {"task": "orders.tasks.settle_unknown", "schedule": 10.0},
    "ask-for-fees": {"task": "orders.tasks.ask_for_fees", "schedule": 300.0},
    "deal-with-payment-events": {
        "task": "orders.tasks.deal_with_payment_events",
        "schedule": 10.0,
    },
    "send-due-refunds": {"task": "orders.tasks.send_due_refunds", "schedule": 10.0},
    "complete-requests": {"task": "orders.tasks.complete_requests", "schedule": 10.0},
    # Each hour, so that what one run misses the next one pays: a period is paid once.
    "pay-sellers": {"task": "orders.tasks.pay_sellers", "schedule": crontab(minute=5)},
    "send-due-payouts": {"task": "orders.tasks.send_due_payouts", "schedule": 60.0},
    "complete-delivered": {"task": "orders.tasks.complete_delivered", "schedule": 3600.0},
    "issue-invoices": {"task": "orders.tasks.issue_invoices", "schedule": 180.0},
    # On the first of the month; on other days it finds what an outage left.
    "issue-fees": {"task": "orders.tasks.issue_fees", "schedule": crontab(hour=1, minute=30)},
    "make-pictures": {"task": "catalog.tasks.make_waiting_pictures", "schedule": 60.0},
    "run-waiting-imports": {"task": "catalog.tasks.run_waiting_imports", "schedule": 60.0},
    "write-search-misses": {"task": "catalog.tasks.write_search_misses", "schedule": 60.0},
    "send-waiting-mail": {"task": "notifications.tasks.send_waiting_mail", "schedule": 60.0},
    "send-webhooks": {"task": "notifications.tasks.send_webhooks", "schedule": 5.0},
    "forget-old-webhooks": {
        "task": "notifications.tasks.forget_old_webhooks",
        "schedule": crontab(hour=3, minute=40),
    },
    "send-pushes": {"task": "notifications.tasks.send_pushes", "schedule": 5.0},
    "forget-old-pushes": {
        "task": "notifications.tasks.forget_old_pushes",
        "schedule": crontab(hour=3, minute=50),
    },
    "write-digests": {"task": "notifications.tasks.write_digests", "schedule": 300.0},
    "tell-next-in-line": {
        "task": "notifications.tasks.tell_next_in_line",
        "schedule": crontab(minute=35),
    },
    "forget-guests": {
        "task": "notifications.tasks.forget_guests",
        "schedule": crontab(hour=3, minute=55),
    },
    "tell-followers": {"task": "notifications.tasks.tell_followers", "schedule": 30.0},
    "prove-the-books": {
        "task": "notifications.tasks.prove_the_books",
        "schedule": crontab(hour=4, minute=40),
    },
    "forget-old-keys": {
        "task": "marketflow.core.tasks.forget_old_keys",
        "schedule": crontab(hour=3, minute=20),
    },
    "forget-socket-tickets": {
        "task": "accounts.tasks.forget_socket_tickets",
        "schedule": 3600.0,
    },
    "make-waiting-exports": {
        "task": "accounts.tasks.make_waiting_exports",
        "schedule": 600.0,
    },
    "forget-old-drafts": {
        "task": "accounts.tasks.forget_old_drafts",
        "schedule": crontab(hour=3, minute=45),
    },
    "forget-old-exports": {
        "task": "accounts.tasks.forget_old_exports",
        "schedule": crontab(hour=3, minute=40),
    },
    "roll-up-analytics": {"task": "analytics.tasks.rollup_yesterday", "schedule": 3600.0},
    "rebuild-affinities": {
        "task": "analytics.tasks.rebuild_affinities",
        "schedule": crontab(hour=2, minute=10),
    },
    "forget-old-vitals": {
        "task": "analytics.tasks.forget_old_vitals",
        "schedule": crontab(hour=3, minute=50),
    },
}
