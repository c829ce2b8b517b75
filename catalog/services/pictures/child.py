"""The program that decodes other people's pictures. Run by `darkroom`, imports nothing of ours.

Reads the file from standard input and its orders (JSON) from the first argument; writes the
pictures into the folder named there and prints what it made as JSON. Any failure is exit code 1.
"""

from __future__ import annotations

import io
import json
import resource
import struct
import sys
from pathlib import Path
from typing import Any

WIDTHS = (160, 320, 480, 640, 960, 1280)
FALLBACK_WIDTH = 640
# Beyond this a picture is a ribbon: its widths shrink so that no height exceeds it.
MOST_HEIGHT = 2560
OPEN_GRAPH = (1200, 630)
JPEG_QUALITY, WEBP_QUALITY, AVIF_QUALITY, AVIF_SPEED = 82, 75, 55, 8
ORIENTATION = 0x0112  # The EXIF tag.
PAPER = (255, 255, 255)  # What shows through transparent parts.


def main() -> None:
    orders = json.loads(sys.argv[1])
    confine(orders["memory"], orders["seconds"])
    from PIL import Image

    # The caller has counted them in the header; a file that says two things ends here.
    Image.MAX_IMAGE_PIXELS = orders["pixels"]
    largest = FALLBACK_WIDTH if orders["what"] == "fallback" else WIDTHS[-1]
    image, size = upright(sys.stdin.buffer.read(), orders["format"], largest)
    folder = Path(orders["folder"])
    if orders["what"] == "fallback":
        made = {"files": [save_jpeg(image, folder)], "tint": ""}
    else:
        made = make_sizes(image, folder, with_avif=orders["what"] == "sizes+avif")
    print(json.dumps(made | {"width": size[0], "height": size[1]}))  # noqa: T201


def confine(memory: int, seconds: int) -> None:
    """Limits that hold even if this process is taken over by the file it reads."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (64_000_000, 64_000_000))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # macOS knows the limit and refuses to set it.
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def upright(data: bytes, format: str, largest: int) -> tuple[Any, tuple[int, int]]:
    """The picture turned as it was held, in sRGB, no wider than `largest`; and its true size."""
    from PIL import Image

    image = Image.open(io.BytesIO(data), formats=[format])
    if getattr(image, "n_frames", 1) != 1 or image.width * image.height > Image.MAX_IMAGE_PIXELS:
        raise ValueError("not one picture of the size in its header")
    turn = turn_of(image)
    profile = image.info.get("icc_profile")
    is_on_its_side = turn in (5, 6, 7, 8)
    size = image.size[::-1] if is_on_its_side else image.size

    box = fit(size, largest)
    image = shrunk(image, box[::-1] if is_on_its_side else box)
    return turned(flattened(in_srgb(image, profile)), turn), size


def turn_of(image: Any) -> int:
    """The orientation of EXIF, 1 to 8; 1 where the block is missing or broken."""
    try:
        turn = image.getexif().get(ORIENTATION, 1)
    except (SyntaxError, ValueError, KeyError, OSError, EOFError, struct.error):
        return 1
    return turn if turn in range(1, 9) else 1


def fit(size: tuple[int, int], largest: int) -> tuple[int, int]:
    scale = min(1, largest / size[0], MOST_HEIGHT / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def shrunk(image: Any, box: tuple[int, int]) -> Any:
    """The picture at the size of `box`, in a mode with eight bits a channel."""
    from PIL import Image

    if image.format == "JPEG":
        image.draft(image.mode, box)  # Decodes an eighth of the pixels where that is enough.
    if image.mode in ("P", "1", "PA"):
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    elif image.mode.startswith("I") or image.mode == "F":
        image = sixteen_to_eight_bits(image)
    if image.size == box:
        image.load()
        return image
    return image.resize(box, Image.Resampling.LANCZOS, reducing_gap=2.0)


def turned(image: Any, turn: int) -> Any:
    from PIL import Image

    steps = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    return image.transpose(steps[turn]) if turn in steps else image


def sixteen_to_eight_bits(image: Any) -> Any:
    return image.convert("I").point(lambda value: value * (1 / 257)).convert("L")


def in_srgb(image: Any, profile: bytes | None) -> Any:
    """Colours as the camera's profile means them, since the profile itself is dropped."""
    if not profile or image.mode not in ("RGB", "CMYK"):
        return image
    from PIL import ImageCms

    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        target = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(image, source, target, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return image  # A broken profile says nothing.


def flattened(image: Any) -> Any:
    from PIL import Image

    if "A" not in image.getbands() and "transparency" not in image.info:
        return image.convert("RGB")
    image = image.convert("RGBA")
    paper = Image.new("RGB", image.size, PAPER)
    paper.paste(image, mask=image.getchannel("A"))
    return paper


def save_jpeg(image: Any, folder: Path) -> str:
    name = f"{image.width}.jpg"
    # A new picture, so that no comment or thumbnail of the old one is carried over.
    bare(image).save(folder / name, "JPEG", quality=JPEG_QUALITY, optimize=True, progressive=True)
    return name


def make_sizes(image: Any, folder: Path, *, with_avif: bool) -> dict[str, Any]:
    from PIL import Image

    files = []
    widths = [width for width in WIDTHS if width < image.width] + [image.width]
    for width in widths:
        height = max(1, round(image.height * width / image.width))
        resized = bare(image).resize((width, height), Image.Resampling.LANCZOS)
        files.append(f"{width}.webp")
        resized.save(folder / files[-1], "WEBP", quality=WEBP_QUALITY)
        if with_avif:
            files.append(f"{width}.avif")
            resized.save(
                folder / files[-1], "AVIF", quality=AVIF_QUALITY, speed=AVIF_SPEED, max_threads=1
            )
    files.append("og.jpg")
    open_graph(image).save(folder / "og.jpg", "JPEG", quality=JPEG_QUALITY, optimize=True)
    return {"files": files, "tint": tint(image)}


def open_graph(image: Any) -> Any:
    """The whole picture in the middle of paper in its mean colour: chat programs crop nothing."""
    from PIL import Image, ImageOps

    contained = ImageOps.contain(bare(image), OPEN_GRAPH, Image.Resampling.LANCZOS)
    mean = image.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    page = Image.new("RGB", OPEN_GRAPH, mean)
    page.paste(
        contained,
        ((OPEN_GRAPH[0] - contained.width) // 2, (OPEN_GRAPH[1] - contained.height) // 2),
    )
    return page


def tint(image: Any) -> str:
    """The most frequent of 64 colours, two bits a channel, as three digits from 0 to 3."""
    from PIL import Image

    small = image.resize((32, 32), Image.Resampling.BOX)
    coarse = small.point(lambda value: round(value / 85))
    count, colour = max(coarse.getcolors(32 * 32))
    return "".join(str(channel) for channel in colour)


def bare(image: Any) -> Any:
    """The pixels alone."""
    copy = image.copy()
    copy.info = {}
    return copy


if __name__ == "__main__":
    main()
