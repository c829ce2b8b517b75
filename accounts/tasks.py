"""What accounts does after the answer is given."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings
from django.urls import reverse

from accounts import mails
from accounts.models import DataExport, ShopInvitation
from accounts.services import shop_drafts, socket_tickets


@shared_task
def mail_invitation(invitation_id: int) -> None:
    invitation = ShopInvitation.objects.select_related("shop", "invited_by").get(pk=invitation_id)
    context = {
        "invitation": invitation,
        "url": settings.SITE_URL + reverse("accounts:shops"),
    }
    mails.send("account/email/shop_invitation", to=invitation.email, context=context)


@shared_task
def forget_socket_tickets() -> int:
    return socket_tickets.forget_old()


@shared_task
def make_data_export(export_id: int) -> None:
    from accounts.services import exports

    export = DataExport.objects.select_related("user").filter(pk=export_id).first()
    if export is not None:
        exports.make(export)


@shared_task
def make_waiting_exports() -> None:
    """Those whose task was lost."""
    for pk in DataExport.objects.filter(ready_at=None).values_list("pk", flat=True):
        make_data_export(pk)


@shared_task
def forget_old_exports() -> int:
    from accounts.services import exports

    return exports.forget_old()


@shared_task
def forget_old_drafts() -> int:
    """Forget applications for a shop that nobody went on with."""
    return shop_drafts.forget_old()
