"""Drawings as SVG text: 500 to 1,250 bytes each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.html import escape

from marketflow.storefront.art.scene import BOX, Shape


def to_svg(shapes: Iterable[Shape]) -> str:
    return document(elements(shapes))


def document(body: str, width: int = BOX) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {BOX}"'
        f' width="{width}" height="{BOX}">{body}</svg>'
    )


def elements(shapes: Iterable[Shape]) -> str:
    return "".join(_element(*shape) for shape in shapes)


def initials(text: str, ink: str) -> str:
    return (
        f'<text x="200" y="200" dy=".36em" text-anchor="middle"'
        f' font-family="system-ui, sans-serif" font-size="160" font-weight="650"'
        f' fill="{ink}">{escape(text)}</text>'
    )


def _element(op: str, g: tuple[Any, ...], fill: str) -> str:
    if op == "polygon":
        points = "L".join(f"{_n(x)} {_n(y)}" for x, y in g)
        return f'<path fill="{fill}" d="M{points}z"/>'
    v = [_n(value) for value in g]
    match op:
        case "rect":
            return f'<rect x="{v[0]}" y="{v[1]}" width="{v[2]}" height="{v[3]}" fill="{fill}"/>'
        case "rounded":
            return (
                f'<rect x="{v[0]}" y="{v[1]}" width="{v[2]}" height="{v[3]}" rx="{v[4]}"'
                f' fill="{fill}"/>'
            )
        case "ellipse":
            return f'<ellipse cx="{v[0]}" cy="{v[1]}" rx="{v[2]}" ry="{v[3]}" fill="{fill}"/>'
        case "ring":
            return (
                f'<ellipse cx="{v[0]}" cy="{v[1]}" rx="{v[2]}" ry="{v[3]}" fill="none"'
                f' stroke="{fill}" stroke-width="{v[4]}"/>'
            )
        case "half":
            start, across = _n(g[0] - g[2]), _n(2 * g[2])
            return f'<path fill="{fill}" d="M{start} {v[1]}a{v[2]} {v[3]} 0 0 0 {across} 0z"/>'
        case "line":
            return (
                f'<path stroke="{fill}" stroke-width="{v[4]}" stroke-linecap="round"'
                f' d="M{v[0]} {v[1]}L{v[2]} {v[3]}"/>'
            )
    raise ValueError(f"unknown shape: {op}")


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
