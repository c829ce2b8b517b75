"""Making what the request had no time for: every size, the Open Graph picture, the tint.

A picture is claimed by a conditional UPDATE that also moves its next turn into the future, so
two workers never make the same one, and one whose worker died comes up again.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.core.files.storage import default_storage, storages
from django.db.models import F
from django.db.models.functions import Now
from django.utils.timezone import now
from django.utils.translation import gettext as _

from catalog.models import ProductImage
from catalog.services.pictures import darkroom, fetching
from catalog.services.pictures.adding import check, develop_fallback, store
from catalog.services.pictures.refusals import BadPicture

logger = logging.getLogger(__name__)

State = ProductImage.State
MOST_ATTEMPTS = 5
# Longer than a worker may take, so that nobody is overtaken.
FIRST_WAIT = timedelta(minutes=2)


def make_waiting(limit: int = 50) -> int:
    """Make what is due, newest first, and give up on what failed too often. Returns how many."""
    _give_up()
    due = _due().order_by("-pk").values_list("pk", flat=True)[:limit]
    return sum(make_sizes(pk) for pk in list(due))


def make_sizes(image_id: int) -> bool:
    """Fetch the picture if need be and make its sizes. False where there is nothing to do.

    Bad pictures end as `failed` with the reason; other trouble is tried again later.
    """
    if not _claim(image_id):
        return False
    image = ProductImage.objects.get(pk=image_id)
    try:
        if image.state == State.REMOTE:
            _fetch(image)
        _make(image)
    except BadPicture as refusal:
        _fail(image, refusal.message)
    except (OSError, fetching.NotFetched) as problem:
        logger.warning("picture %s has to wait: %s", image_id, problem)
        ProductImage.objects.filter(pk=image_id).update(failure=str(problem)[:200])
        return False
    return True


def _due():
    states = [State.WAITING]
    if settings.IMPORT_FETCHES_PICTURES:
        states.append(State.REMOTE)
    return ProductImage.objects.filter(
        state__in=states, due_at__lte=Now(), attempts__lt=MOST_ATTEMPTS
    )


def _claim(image_id: int) -> bool:
    attempts = ProductImage.objects.filter(pk=image_id).values_list("attempts", flat=True).first()
    if attempts is None:
        return False
    # Whoever counted the attempt first has it; the wait doubles with each.
    mine = _due().filter(pk=image_id, attempts=attempts)
    return bool(mine.update(attempts=F("attempts") + 1, due_at=now() + FIRST_WAIT * 2**attempts))


def _fetch(image: ProductImage) -> None:
    develop_fallback(image, fetching.fetch(image.source_url))
    image.state = State.WAITING
    image.save(update_fields=["original", "fallback", "width", "height", "state"])


def _make(image: ProductImage) -> None:
    with storages["private"].open(image.original) as file:
        data = file.read()
    header = check(data)
    avif = settings.PICTURE_AVIF
    with darkroom.sizes(data, format=header.format, pixels=header.pixels, avif=avif) as made:
        for name, path in made.files.items():
            store(default_storage, f"{image.folder}/{name}", path.read_bytes())
        image.sizes = _widths_by_format(made.files)
    image.tint = made.tint
    image.state, image.failure = State.READY, ""
    image.save(update_fields=["sizes", "tint", "state", "failure"])


def _widths_by_format(names) -> dict[str, list[int]]:
    widths: dict[str, list[int]] = {}
    for name in names:
        width, _, extension = name.partition(".")
        if width.isdecimal():
            widths.setdefault(extension, []).append(int(width))
    return {extension: sorted(found) for extension, found in widths.items()}


def _fail(image: ProductImage, reason: str) -> None:
    image.state, image.failure = State.FAILED, str(reason)[:200]
    image.save(update_fields=["state", "failure"])


def _give_up() -> None:
    tired = ProductImage.objects.filter(
        state__in=[State.WAITING, State.REMOTE], attempts__gte=MOST_ATTEMPTS, due_at__lte=Now()
    )
    for image in tired:
        _fail(image, image.failure or _("Its sizes could not be made."))
