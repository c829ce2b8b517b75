"""Bars, worked out here and drawn as SVG: no script, and they print."""

from __future__ import annotations

from collections.abc import Sequence

WIDTH, HEIGHT, GAP = 600, 120, 3


def bars(values: Sequence[int]) -> dict[str, object]:
    """The rectangles of `values`, the largest as high as the drawing."""
    highest = max(values, default=0) or 1
    step = WIDTH / max(len(values), 1)
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "bars": [
            {
                "x": round(position * step, 1),
                "y": round(HEIGHT - _height(value, highest), 1),
                "width": round(step - GAP, 1),
                "height": _height(value, highest),
            }
            for position, value in enumerate(values)
        ],
    }


def _height(value: int, highest: int) -> float:
    # Something sold is never drawn as nothing.
    return max(2.0, round(value / highest * HEIGHT, 1)) if value > 0 else 0.0
