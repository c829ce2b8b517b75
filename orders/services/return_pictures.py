"""Pictures of a return: checked and kept before the request that bears them is written."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from catalog.services.pictures import adding, keeping
from marketflow.core.errors import Refusal
from orders.models import Return, ReturnPicture


class TooManyPictures(Refusal):
    """`most` is how many pictures a return may have."""

    code = "too_many_pictures"
    message = _("Choose at most 5 pictures.")


class Answered(Refusal):
    """`state` is the return's."""

    code = "return_answered"
    message = _("The shop has answered already.")


def take(files: Sequence[UploadedFile]) -> list[ReturnPicture]:
    """Check and store `files`, and return them unsaved, for `returns.request`.

    Runs in no transaction, since developing takes time. Raises `TooManyPictures` and the refusals
    of pictures; then nothing of any of them is stored.
    """
    if len(files) > ReturnPicture.MOST:
        raise TooManyPictures(most=ReturnPicture.MOST)
    return keeping.take_each(files, _take)


def add(*, parcel: Return, file: UploadedFile) -> ReturnPicture:
    """Check and store `file`, and add it to a return that was asked for and is not answered yet.

    Locks the Return. Raises `Answered`, `TooManyPictures` and the refusals of pictures; then
    nothing is stored.
    """
    _require_room(parcel)
    taken = take([file])
    try:
        with transaction.atomic():
            # Two at once count one after the other.
            _require_room(Return.objects.select_for_update().get(pk=parcel.pk))
            (picture,) = taken
            picture.parcel = parcel
            picture.save()
            return picture
    except BaseException:
        keeping.forget(taken)
        raise


def _require_room(parcel: Return) -> None:
    if parcel.state != Return.State.REQUESTED:
        raise Answered(state=parcel.state)
    if parcel.pictures.count() >= ReturnPicture.MOST:
        raise TooManyPictures(most=ReturnPicture.MOST)


def _take(file: UploadedFile) -> ReturnPicture:
    name = uuid.uuid4()
    kept = keeping.keep(adding.read_whole(file), f"returns/{name}")
    return ReturnPicture(uuid=name, file=kept.file, width=kept.width, height=kept.height)
