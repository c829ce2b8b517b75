"""Drawings as Pillow pictures: the photos of the demo market, which travel the whole pipeline."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PIL import Image, ImageDraw

from marketflow.storefront.art.scene import BOX, Shape


def to_image(shapes: Iterable[Shape], size: int = 1200, oversample: int = 2) -> Image.Image:
    """A square picture, drawn larger and scaled down so that edges are smooth."""
    image = Image.new("RGB", (size * oversample, size * oversample))
    pen = ImageDraw.Draw(image)
    for shape in shapes:
        _draw(pen, shape, size * oversample / BOX)
    return image.resize((size, size), Image.Resampling.LANCZOS)


def _draw(pen: ImageDraw.ImageDraw, shape: Shape, k: float) -> None:
    op, g, fill = shape
    match op:
        case "rect":
            pen.rectangle(_corners(g, k), fill)
        case "rounded":
            pen.rounded_rectangle(_corners(g, k), min(g[4], g[2] / 2, g[3] / 2) * k, fill)
        case "ellipse":
            pen.ellipse(_around(g, k), fill)
        case "ring":
            outer = (g[0], g[1], g[2] + g[4] / 2, g[3] + g[4] / 2)
            pen.ellipse(_around(outer, k), outline=fill, width=round(g[4] * k))
        case "half":
            pen.pieslice(_around(g, k), 0, 180, fill)
        case "polygon":
            pen.polygon([(x * k, y * k) for x, y in g], fill)
        case "line":
            pen.line([(g[0] * k, g[1] * k), (g[2] * k, g[3] * k)], fill, round(g[4] * k))
            for x, y in (g[:2], g[2:4]):  # Pillow's lines have square ends
                pen.ellipse(_around((x, y, g[4] / 2, g[4] / 2), k), fill)


def _corners(g: tuple[Any, ...], k: float) -> tuple[float, float, float, float]:
    return g[0] * k, g[1] * k, (g[0] + g[2]) * k, (g[1] + g[3]) * k


def _around(g: tuple[Any, ...], k: float) -> tuple[float, float, float, float]:
    cx, cy, rx, ry = g[:4]
    return (cx - rx) * k, (cy - ry) * k, (cx + rx) * k, (cy + ry) * k
