"""The catalogue's background work. Tasks carry ids only and may run twice."""

from celery import shared_task

from catalog.services import pictures


@shared_task
def make_picture_sizes(image_id: int) -> bool:
    """Sent after the commit that stored a picture."""
    return pictures.make_sizes(image_id)


@shared_task
def make_waiting_pictures() -> int:
    """Beat's sweep: what no worker was told of, or could not finish."""
    return pictures.make_waiting()
