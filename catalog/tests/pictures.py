"""Pictures for tests: honest ones, and ones made to do harm."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator

from PIL import Image

SCRIPT = b"<script>alert(document.domain)</script>"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg">' + SCRIPT + b"</svg>"


def picture(
    format: str = "JPEG", size: tuple[int, int] = (300, 200), colour="teal", **options
) -> bytes:
    mode = "RGB" if isinstance(colour, str) or len(colour) == 3 else "RGBA"
    return encoded(Image.new(mode, size, colour), format, **options)


def encoded(image: Image.Image, format: str = "JPEG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def taken_with_a_phone() -> bytes:
    """On its side, red where the sky was, and with the place where it was taken."""
    image = Image.new("RGB", (400, 300), "white")
    image.paste("red", (0, 0, 100, 300))
    exif = Image.Exif()
    exif[0x0112] = 6  # To be turned a quarter to the right.
    exif[0x010F] = "SecretCamera"
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2] = "N", (53.0, 20.0, 59.0)
    gps[3], gps[4] = "W", (6.0, 15.0, 37.0)
    return encoded(image, exif=exif.tobytes(), comment=b"SecretComment")


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_bomb(width: int, height: int) -> bytes:
    """A PNG of a few kilobytes that unpacks to width x height pixels of one colour."""
    rows = zlib.compress(bytes((width + 7) // 8 + 1) * min(height, 20_000), 9)
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", rows) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def png_of(*chunks: bytes) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def hostile() -> Iterator[tuple[str, bytes]]:
    """Files that must be refused, by what they are."""
    yield from _not_pictures()
    yield from several_frames()
    yield from _bombs()
    yield from _broken()


def _not_pictures() -> Iterator[tuple[str, bytes]]:
    frames = {"save_all": True, "append_images": [Image.new("RGB", (40, 40), "blue")]}
    yield "gif animation", encoded(Image.new("RGB", (40, 40), "red"), "GIF", **frames)
    yield "nothing", b""
    yield "one byte", b"\xff"
    yield "svg", SVG
    yield "svg with a byte order mark", b"\xef\xbb\xbf" + SVG
    yield "gzipped svg", zlib.compress(SVG)
    yield "html", b"<!doctype html>" + SCRIPT
    yield "html after blanks", b"   \n\t" + SCRIPT
    yield "script", b"alert(1)//"
    yield "xml with an entity", b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'
    yield "pdf", b"%PDF-1.7\n" + bytes(100)
    yield "zip", b"PK\x03\x04" + bytes(100)
    yield "elf", b"\x7fELF" + bytes(100)
    yield "postscript", b"%!PS-Adobe-3.0 EPSF-3.0\n" + bytes(100)
    yield "php", b"<?php system($_GET[0]); ?>"
    yield "icon", b"\x00\x00\x01\x00" + bytes(100)
    yield "text in utf-16", SCRIPT.decode().encode("utf-16")
    yield "riff that is sound", b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(100)
    yield "html that ends as a jpeg", SCRIPT + picture()
    yield "html that ends as a png", SCRIPT + picture("PNG")
    for format in ("GIF", "BMP", "TIFF", "ICO", "PPM", "TGA", "PCX", "JPEG2000", "AVIF", "PDF"):
        yield f"{format} picture", picture(format, (32, 32))


def several_frames() -> Iterator[tuple[str, bytes]]:
    still, other = Image.new("RGB", (40, 40), "red"), Image.new("RGB", (40, 40), "blue")
    animated = {"save_all": True, "append_images": [other]}
    yield "png animation", encoded(still, "PNG", **animated)
    yield "webp animation", encoded(still, "WEBP", **animated)
    yield "lossless webp animation", encoded(still, "WEBP", lossless=True, **animated)
    yield "mpo", encoded(still, "MPO", **animated)
    webp = bytearray(encoded(still, "WEBP", **animated))
    webp[20] &= ~0x02
    yield "webp animation that denies it", bytes(webp)


def _bombs() -> Iterator[tuple[str, bytes]]:
    for width, height in ((13_000, 13_000), (40_000, 1_001), (1_001, 40_000), (7_000, 5_715)):
        yield f"png of {width} by {height}", png_bomb(width, height)
    yield "png of 4 gigapixels", png_bomb(65_535, 65_535)
    yield "png as wide as can be", png_bomb(0x7FFFFFFF, 1)
    jpeg = bytearray(picture())
    at = jpeg.index(b"\xff\xc0")
    jpeg[at + 5 : at + 9] = b"\xff\xff\xff\xff"
    yield "jpeg that says 65535 by 65535", bytes(jpeg)
    webp = bytearray(picture("WEBP", (30, 30), (1, 2, 3, 99)))
    webp[24:30] = b"\xff\xff\xff\xff\xff\xff"
    yield "webp that says 16777216 by 16777216", bytes(webp)
    scans = picture(progressive=True, size=(64, 64))
    start = scans.index(b"\xff\xda")
    yield "jpeg of 5000 scans", scans[:start] + scans[start:-2] * 5000 + scans[-2:]
    text = png_chunk(b"zTXt", b"Comment\x00\x00" + zlib.compress(bytes(200_000_000), 9))
    whole = picture("PNG")
    yield "png with a compressed novel", whole[:33] + text + whole[33:]
    yield "too many bytes", picture() + bytes(12_000_001)


def _broken() -> Iterator[tuple[str, bytes]]:
    for format in ("JPEG", "PNG", "WEBP"):
        whole = picture(format, (200, 200))
        for length in (4, 12, 20, 30, len(whole) // 4, len(whole) // 2):
            yield f"{format} cut after {length}", whole[:length]
    yield "png without pixels", png_of(png_chunk(b"IHDR", bytes(13)))
    yield "png without a header", png_of(png_chunk(b"IDAT", b"x"))
    yield "png that never begins", png_of(png_chunk(b"tEXt", b"a\x00b") * 1000)
    yield "png with a chunk of 4 GB", b"\x89PNG\r\n\x1a\n" + b"\xff\xff\xff\xffIHDR" + bytes(40)
    yield "jpeg of padding", b"\xff\xd8" + b"\xff" * 100_000
    yield "jpeg of empty segments", b"\xff\xd8" + b"\xff\xe0\x00\x02" * 10_000
    yield "jpeg with segments of length 0", b"\xff\xd8" + b"\xff\xe0\x00\x00" * 10_000
    yield "jpeg magic and html", b"\xff\xd8\xff\xe0" + SCRIPT
    yield "png magic and html", b"\x89PNG\r\n\x1a\n" + SCRIPT
    yield "webp magic and html", b"RIFF\x00\x00\x00\x00WEBPVP8 " + SCRIPT
    yield "webp without pixels", b"RIFF\x1a\x00\x00\x00WEBPVP8 " + bytes(30)
    yield "webp of an unknown kind", b"RIFF\x1a\x00\x00\x00WEBPVP9 " + bytes(30)
