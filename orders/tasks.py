from celery import shared_task

from orders.services import closing, fulfilment, payments


@shared_task
def release_expired() -> int:
    """Give back the stock of orders that were not paid in time."""
    return closing.release_expired()


@shared_task
def settle_unknown() -> int:
    """Ask providers about payments whose answer never came."""
    return payments.settle_unknown()


@shared_task
def complete_delivered() -> int:
    """Complete what was delivered long enough ago."""
    return fulfilment.complete_delivered()
