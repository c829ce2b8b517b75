"""Pictures for a few people: developed anew and kept in the private storage, in one size."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.files.storage import storages

from catalog.services.pictures import adding, darkroom


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
