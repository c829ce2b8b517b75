"""Files of messages, for the two sides alone."""

from __future__ import annotations

import uuid as uuids

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from chat.models import Attachment
from marketflow.core import private_files


@require_safe
@login_required
def attachment(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """A picture is shown, a PDF downloaded; neither can do anything as a page."""
    found = get_object_or_404(Attachment.objects.visible_to(request.user), uuid=uuid)
    return as_file(found)


def as_file(attachment: Attachment) -> HttpResponse:
    """`attachment` with a type of ours, whatever its sender called it."""
    is_picture = attachment.kind == Attachment.Kind.PICTURE
    return private_files.as_response(
        attachment.file,
        content_type="image/jpeg" if is_picture else "application/pdf",
        name=f"{attachment.uuid}.jpg" if is_picture else attachment.name,
        is_download=not is_picture,
    )
