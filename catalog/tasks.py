"""The catalogue's background work. Tasks carry ids only and may run twice."""

from celery import shared_task

from catalog.models import ImportJob
from catalog.services import pictures, search_misses
from catalog.services.importing import jobs


@shared_task
def make_picture_sizes(image_id: int) -> bool:
    """Sent after the commit that stored a picture."""
    return pictures.make_sizes(image_id)


@shared_task
def make_waiting_pictures() -> int:
    """Beat's sweep: what no worker was told of, or could not finish."""
    return pictures.make_waiting()


@shared_task
def run_import(job_id: int) -> bool:
    """Sent after the commit that queued the job."""
    return jobs.run_job(job_id)


@shared_task
def run_waiting_imports() -> int:
    """Beat's sweep: jobs that no worker was told of; and an end to those whose worker died."""
    jobs.give_up_on_lost()
    waiting = ImportJob.objects.filter(state=ImportJob.State.WAITING).order_by("pk")
    return sum(jobs.run_job(pk) for pk in list(waiting.values_list("pk", flat=True)[:10]))


@shared_task
def write_search_misses() -> int:
    """Beat's sweep: what was searched for and not found since the last one."""
    return search_misses.write_down()
