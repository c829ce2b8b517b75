"""Pictures and PDFs of messages: checked and kept before the message that bears them is written.

Pictures go the way of a product's: limits, then a child process that develops them anew, so that
nothing of the file that was sent is stored. A PDF is kept as it is, and only ever handed out as
a download.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from pathlib import PurePath

from django.conf import settings
from django.core.files.storage import storages
from django.core.files.uploadedfile import UploadedFile

from catalog.services.pictures import adding, keeping
from catalog.services.pictures.refusals import TooLarge
from chat.models import Attachment
from marketflow.core.errors import Refusal
from marketflow.core.plain_text import one_line


class NotAPicture(Refusal):
    code = "attachment_unknown_type"
    message = "Choose JPEG, PNG or WebP pictures, or PDF files."


def take(files: Iterable[UploadedFile]) -> list[Attachment]:
    """Check and store `files`, and return them unsaved, for `messaging.post`.

    Runs in no transaction, since developing takes time. Raises `TooLarge`, `NotAPicture`, and
    the refusals of pictures; then nothing of any of them is stored.
    """
    return keeping.take_each(files, _take)


def _take(file: UploadedFile) -> Attachment:
    limit = settings.ATTACHMENT_MAX_BYTES
    data = file.read(limit + 1)
    if len(data) > limit:
        raise TooLarge(limit)
    attachment = Attachment(uuid=uuid.uuid4(), name=_name(file.name or ""))
    if data.startswith(b"%PDF-"):
        attachment.kind, attachment.bytes = Attachment.Kind.PDF, len(data)
        name = f"messages/{attachment.uuid}.pdf"
        attachment.file = adding.store(storages["private"], name, data)
        return attachment
    if not data.startswith((b"\xff\xd8\xff", b"\x89PNG", b"RIFF")):
        raise NotAPicture
    kept = keeping.keep(data, f"messages/{attachment.uuid}")
    attachment.kind, attachment.file = Attachment.Kind.PICTURE, kept.file
    attachment.bytes, attachment.width, attachment.height = kept.bytes, kept.width, kept.height
    return attachment


def _name(sent: str) -> str:
    """What the file is called where it is shown: one line, and no path."""
    last = PurePath(sent.replace("\\", "/")).name
    plain = one_line(last)
    return plain[-120:] or "file"
