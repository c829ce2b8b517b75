from celery import shared_task
from django.conf import settings

from notifications.services import digest, mailing, shop_news, watching
from notifications.services.pushing import browsers
from notifications.services.pushing import sending as pushing
from notifications.services.webhooks import keeping, sending

EMBEDDED_SECONDS = 4


@shared_task
def send_mail_row(mail_id: int) -> bool:
    """Send one mail that was just written."""
    return mailing.send(mail_id)


@shared_task
def send_waiting_mail() -> int:
    """Send what is due: written while no worker was there, or refused before."""
    return mailing.send_waiting()


@shared_task
def send_webhooks() -> int:
    """Tell programs what is due. Nudged after commits, and swept by beat."""
    return sending.send_due(seconds=_most_seconds(sending.RUN_SECONDS))


@shared_task
def forget_old_webhooks() -> int:
    """Drop what was sent, or given up, long ago."""
    return keeping.forget_old()


@shared_task
def send_pushes() -> int:
    """Wake browsers. Nudged after commits, and swept by beat."""
    return pushing.send_due(seconds=_most_seconds(pushing.RUN_SECONDS))


@shared_task
def forget_old_pushes() -> int:
    """Drop what was pushed long ago, and browsers that are signed in no more."""
    return browsers.forget_old()


@shared_task
def write_digests() -> int:
    """Gather what could wait, for those whose hour has come."""
    return digest.write_due()


@shared_task
def tell_followers() -> int:
    """Shops have new items: tell those who follow them, batch by batch."""
    return shop_news.tell_followers(seconds=_most_seconds(shop_news.RUN_SECONDS))


@shared_task
def prove_the_books() -> int:
    """The nightly audit: staff are told what is broken, once a day."""
    return watching.prove_the_books()


@shared_task
def tell_next_in_line() -> int:
    """Units are left over when the head start of those told first has ended: tell the next."""
    return watching.tell_next_in_line()


@shared_task
def forget_guests() -> int:
    """Forget who waited without an account and was told, or never confirmed the address."""
    return watching.forget_guests()


def _most_seconds(usual: float) -> float:
    """Less at once, and sooner again, in the one process that answers pages too."""
    return EMBEDDED_SECONDS if settings.CELERY_TASK_ALWAYS_EAGER else usual
