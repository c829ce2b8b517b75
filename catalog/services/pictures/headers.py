"""What a picture file says about itself in its first bytes, read without decoding anything.

A picture of 20 KB can unpack to a gigabyte, and Pillow's own opening of a WebP already reserves
the canvas: hence these few lines instead of a library. They trust no number beyond its bytes.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from catalog.services.pictures.refusals import Broken, SeveralFrames, UnknownType

# An honest progressive JPEG has about ten scans; each one costs a pass over all pixels.
MOST_SCANS = 64
JPEG_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
JPEG_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})


@dataclass(frozen=True)
class Header:
    format: str  # As Pillow names it.
    width: int
    height: int

    @property
    def pixels(self) -> int:
        return self.width * self.height


def read_header(data: bytes) -> Header:
    """The format and size of one still picture.

    Raises UnknownType, SeveralFrames or Broken.
    """
    try:
        header = _read(data)
    except (struct.error, IndexError) as problem:
        raise Broken from problem
    if not header.pixels:
        raise Broken
    return header


def _read(data: bytes) -> Header:
    if data.startswith(b"\xff\xd8\xff"):
        return _read_jpeg(data)
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return _read_png(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _read_webp(data)
    raise UnknownType


def _read_jpeg(data: bytes) -> Header:
    header, at = None, 2
    while header is None:
        if data[at] != 0xFF:
            raise Broken
        marker = data[at + 1]
        if marker == 0xFF:  # Padding before a marker.
            at += 1
            continue
        if marker in JPEG_WITHOUT_LENGTH:
            at += 2
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        if marker == 0xE2 and data[at + 4 : at + 8] == b"MPF\x00":
            raise SeveralFrames
        if marker in JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", data, at + 5)
            header = Header("JPEG", width, height)
        at += 2 + max(length, 2)
    # In the packed data FF is always followed by 00: what is counted here are markers.
    if data.count(b"\xff\xda") > MOST_SCANS:
        raise Broken
    return header


def _read_png(data: bytes) -> Header:
    if data[12:16] != b"IHDR":
        raise Broken
    width, height = struct.unpack_from(">II", data, 16)
    at = 8
    while True:
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"acTL":
            raise SeveralFrames
        if kind == b"IDAT":
            return Header("PNG", width, height)
        at += 12 + length


def _read_webp(data: bytes) -> Header:
    kind = data[12:16]
    if kind == b"VP8X":
        return _read_extended_webp(data)
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return Header("WEBP", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return Header("WEBP", width & 0x3FFF, height & 0x3FFF)
    raise Broken


def _read_extended_webp(data: bytes) -> Header:
    is_animation = data[20] & 0x02
    if is_animation or b"ANMF" in data[30:]:
        raise SeveralFrames
    width = int.from_bytes(data[24:27], "little") + 1
    height = int.from_bytes(data[27:30], "little") + 1
    return Header("WEBP", width, height)
