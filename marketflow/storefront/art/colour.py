"""Colours of the drawings: OKLCH, so that every hue has the same weight to the eye."""

from __future__ import annotations

import math

# One base hue (degrees) per category; the companions are offsets from it. The hues sit together
# on the warm canvas of the market. A category that is not listed gets a hue of its own.
HUES = {
    "home": 60, "kitchen": 35, "garden": 145, "fashion": 330, "tech": 250,
    "books": 20, "toys": 95, "art": 290, "beauty": 10, "sport": 200,
}  # fmt: skip


def oklch(lightness: float, chroma: float, hue: float) -> str:
    """An sRGB hex colour; chroma is lowered until the colour fits the gamut (CSS Color 4)."""
    while True:
        linear = _linear_rgb(lightness, chroma, math.radians(hue % 360))
        if chroma <= 0 or all(-1e-4 <= value <= 1.0001 for value in linear):
            return "#" + "".join(f"{round(255 * _gamma(value)):02x}" for value in linear)
        chroma -= 0.001


def _linear_rgb(lightness: float, chroma: float, angle: float) -> tuple[float, float, float]:
    a, b = chroma * math.cos(angle), chroma * math.sin(angle)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _gamma(value: float) -> float:
    value = min(1.0, max(0.0, value))
    return 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055
