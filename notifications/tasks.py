from celery import shared_task

from notifications.services import mailing


@shared_task
def send_mail_row(mail_id: int) -> bool:
    """Send one mail that was just written."""
    return mailing.send(mail_id)


@shared_task
def send_waiting_mail() -> int:
    """Send what is due: written while no worker was there, or refused before."""
    return mailing.send_waiting()
