"""Files of messages, for the two sides alone."""

from __future__ import annotations

import uuid as uuids

from django.contrib.auth.decorators import login_required
from django.core.files.storage import storages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from chat.models import Attachment


@require_safe
@login_required
def attachment(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """A picture is shown, a PDF downloaded; neither can do anything as a page."""
    found = get_object_or_404(Attachment.objects.visible_to(request.user), uuid=uuid)
    return as_file(found)


def as_file(attachment: Attachment) -> HttpResponse:
    """`attachment` with a type of ours, whatever its sender called it."""
    try:
        with storages["private"].open(attachment.file) as file:
            response = HttpResponse(file.read())
    except OSError as problem:
        raise Http404 from problem
    is_picture = attachment.kind == Attachment.Kind.PICTURE
    response["Content-Type"] = "image/jpeg" if is_picture else "application/pdf"
    name = attachment.name if not is_picture else f"{attachment.uuid}.jpg"
    response["Content-Disposition"] = content_disposition_header(not is_picture, name)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, max-age=3600"
    return response
