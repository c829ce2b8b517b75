"""Taking a picture in, within the request."""

from __future__ import annotations

from typing import IO

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, default_storage, storages
from django.db import transaction
from django.db.models import Max

from catalog.models import Product, ProductImage
from catalog.services.pictures import darkroom
from catalog.services.pictures.headers import Header, read_header
from catalog.services.pictures.refusals import TooLarge, TooMany, TooManyPixels

# As many as an import may bring; a shop's own form asks for fewer.
MOST_PICTURES = 250
# The decoder of WebP keeps four copies: more would not fit into the child's memory.
MOST_WEBP_PIXELS = 20_000_000
EXTENSIONS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}


def add_picture(
    *, product: Product, file: IO[bytes], alt: str = "", position: int | None = None
) -> ProductImage:
    """Check `file`, keep it, and show its JPEG at once; a task makes the sizes.

    The name and type the sender gave are ignored. Raises BadPicture; then nothing is stored.
    """
    if product.images.count() >= MOST_PICTURES:
        raise TooMany
    data = read_whole(file)
    image = ProductImage(product=product, alt=alt[:250])
    develop_fallback(image, data)
    try:
        with transaction.atomic():
            image.position = _last_position(product) if position is None else position
            image.save()
            send_to_make_sizes(image)
    except BaseException:
        forget_files(image)
        raise
    return image


def read_whole(file: IO[bytes]) -> bytes:
    """The bytes of `file`, unless it is larger than allowed."""
    data = file.read(settings.PICTURE_MAX_BYTES + 1)
    if len(data) > settings.PICTURE_MAX_BYTES:
        raise TooLarge(settings.PICTURE_MAX_BYTES)
    return data


def check(data: bytes) -> Header:
    """What can be refused before anything is decoded."""
    header = read_header(data)
    limit = settings.PICTURE_MAX_PIXELS
    if header.format == "WEBP":
        limit = min(limit, MOST_WEBP_PIXELS)
    if header.pixels > limit:
        raise TooManyPixels(limit)
    return header


def develop_fallback(image: ProductImage, data: bytes) -> None:
    """Store the original and its JPEG, and note both on `image`, unsaved. Raises BadPicture."""
    header = check(data)
    with darkroom.fallback(data, format=header.format, pixels=header.pixels) as made:
        ((name, path),) = made.files.items()
        image.width, image.height = made.width, made.height
        image.fallback = store(default_storage, f"{image.folder}/{name}", path.read_bytes())
    extension = EXTENSIONS[header.format]
    image.original = store(storages["private"], f"{image.folder}/original.{extension}", data)


def store(storage: Storage, name: str, data: bytes) -> str:
    """Write `data` under exactly `name`, over what an interrupted attempt left there."""
    storage.delete(name)
    return storage.save(name, ContentFile(data))


def send_to_make_sizes(image: ProductImage) -> None:
    """Wake a worker after the commit. In the embedded default nobody is woken: encoding a dozen
    files would hold up the request, so the scheduler's sweep in its own thread does it."""
    if settings.CELERY_TASK_ALWAYS_EAGER:
        return
    from catalog.tasks import make_picture_sizes

    # One try: a broker that is away must not hold up the request, the sweep will do.
    transaction.on_commit(
        lambda: make_picture_sizes.apply_async([image.pk], retry=False), robust=True
    )


@transaction.atomic
def remove_picture(image: ProductImage) -> None:
    """Delete the row, and its files once that has committed."""
    image.delete()
    transaction.on_commit(lambda: forget_files(image), robust=True)


def forget_files(image: ProductImage) -> None:
    """Delete every file of `image`; those that are missing are not missed."""
    for name in image.public_names:
        default_storage.delete(name)
    if image.original:
        storages["private"].delete(image.original)


def _last_position(product: Product) -> int:
    last = product.images.aggregate(last=Max("position"))["last"]
    return 0 if last is None else last + 1
