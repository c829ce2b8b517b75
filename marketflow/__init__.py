"""MarketFlow: wiring on top, the kernel at the bottom, the apps beside it."""

# Any process that sends a task needs the app, or the task goes to a default broker nobody reads.
from marketflow.celery import app as celery_app

__all__ = ["celery_app"]
