"""Pictures for a few people: developed anew and kept in the private storage, in one size."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from django.core.files.storage import storages
from django.core.files.uploadedfile import UploadedFile
from django.db.models.fields.files import FieldFile

from catalog.services.pictures import adding, darkroom


class Filed(Protocol):
    """A row, saved or not, whose `file` lies in the private storage."""

    file: FieldFile


Row = TypeVar("Row", bound=Filed)


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A JPEG in the private storage. `bytes`, `width` and `height` (pixels) are its own."""

    file: str
    bytes: int
    width: int
    height: int


def keep(data: bytes, name: str) -> Kept:
    """Develop `data`, as it was sent, and store the result as `name`, which bears no extension.

    Nothing of the file that was sent is stored. Runs in no transaction, since developing takes
    time. Raises BadPicture.
    """
    header = adding.check(data)
    with darkroom.fallback(data, format=header.format, pixels=header.pixels) as made:
        (path,) = made.files.values()
        developed = path.read_bytes()
        return Kept(
            file=adding.store(storages["private"], f"{name}.jpg", developed),
            bytes=len(developed),
            width=made.width,
            height=made.height,
        )


def take_each(files: Iterable[UploadedFile], take: Callable[[UploadedFile], Row]) -> list[Row]:
    """What `take` makes of each. Where it raises, nothing of any of them stays stored."""
    taken: list[Row] = []
    try:
        for file in files:
            # One by one: what was stored before a bad one is forgotten again.
            taken.append(take(file))  # noqa: PERF401
    except BaseException:
        forget(taken)
        raise
    return taken


def forget(rows: Iterable[Filed]) -> None:
    """Delete their files."""
    for row in rows:
        storages["private"].delete(row.file)
