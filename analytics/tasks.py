from datetime import timedelta

from celery import shared_task
from django.utils.timezone import localdate

from analytics.services import rollups


@shared_task
def rollup_yesterday() -> int:
    """Count the last two days: yesterday, and what was paid late the day before."""
    yesterday = localdate() - timedelta(days=1)
    return rollups.rebuild(yesterday - timedelta(days=1), yesterday)
