from datetime import timedelta

from celery import shared_task
from django.utils.timezone import localdate

from analytics.services import affinities, rollups, vitals


@shared_task
def rollup_yesterday() -> int:
    """Count the last two days, and today so far: what was paid late in them is in."""
    today = localdate()
    return rollups.rebuild(today - timedelta(days=2), today)


@shared_task
def rebuild_affinities() -> int:
    """Count what is bought together. Returns how many pairs are recommended."""
    return affinities.rebuild()


@shared_task
def forget_old_vitals() -> int:
    """Drop what browsers told long ago."""
    return vitals.forget_old()
