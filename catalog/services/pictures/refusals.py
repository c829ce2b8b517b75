"""Why a picture is not taken. Each message is for the person who chose the file."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from marketflow.core.errors import Refusal


class BadPicture(Refusal):
    """Base: nothing of the file was stored."""

    code = "bad_picture"
    message = _("This picture can't be used.")


class TooLarge(BadPicture):
    code = "picture_too_large"
    message = _("The file is too large. Choose a picture of up to {limit} MB.")

    def __init__(self, limit: int) -> None:
        megabytes = limit // 1_000_000
        super().__init__(self.message.format(limit=megabytes), limit_bytes=limit)


class UnknownType(BadPicture):
    code = "picture_unknown_type"
    message = _("This is not a JPEG, PNG or WebP picture.")


class TooManyPixels(BadPicture):
    code = "picture_too_many_pixels"
    message = _("The picture has too many pixels. Choose one of up to {limit} megapixels.")

    def __init__(self, limit: int) -> None:
        megapixels = limit // 1_000_000
        super().__init__(self.message.format(limit=megapixels), limit_pixels=limit)


class SeveralFrames(BadPicture):
    code = "picture_several_frames"
    message = _("The file holds several pictures or an animation. Save it as a single picture.")


class Broken(BadPicture):
    code = "picture_broken"
    message = _("The picture can't be read. It may be damaged: save it again and retry.")


class TooMany(BadPicture):
    code = "picture_too_many"
    message = _("The product has as many pictures as it can hold. Remove one first.")
