"""A drawing before it has a format: shapes in a 400 x 400 box, and the room they stand in."""

from __future__ import annotations

import hashlib
import random
from typing import Any, NamedTuple

from marketflow.storefront.art.colour import HUES, oklch

BOX = 400


class Shape(NamedTuple):
    """One filled shape. Geometry by op:

    rect x y w h · rounded x y w h radius · ellipse cx cy rx ry · half cx cy rx ry (lower half)
    ring cx cy rx ry stroke · line x1 y1 x2 y2 stroke · polygon ((x, y), …)
    """

    op: str
    geometry: tuple[Any, ...]
    fill: str


def random_from(seed: str) -> random.Random:
    """A generator that depends on the text alone (hash() would differ between runs)."""
    return random.Random(int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big"))


class Scene:
    """A display list, the colours of one drawing, and the few shapes every kind uses."""

    centre = BOX / 2
    ground = 330

    def __init__(self, rnd: random.Random, category: str) -> None:
        self.rnd = rnd
        self.shapes: list[Shape] = []
        base = HUES.get(category)
        if base is None:
            base = random_from(category).randrange(360)
        self.hue = base + rnd.choice((-14, -7, 0, 7, 14))
        companion = self.hue + rnd.choice((150, 180, 210, 30, -30))
        self.wall = oklch(0.925, 0.028, self.hue)
        self.floor = oklch(0.875, 0.036, self.hue)
        self.decor = oklch(0.955, 0.022, self.hue)
        self.main = oklch(rnd.choice((0.60, 0.66, 0.52)), 0.105, companion)
        self.dark = oklch(0.42, 0.075, companion)
        self.light = oklch(0.80, 0.075, companion)
        self.pop = oklch(0.72, 0.13, self.hue + rnd.choice((90, -60)))

    def add(self, op: str, *geometry: Any, fill: str) -> None:
        self.shapes.append(Shape(op, geometry, fill))

    def shadow(self, width: float, ground: float | None = None) -> None:
        y = self.ground if ground is None else ground
        fill = oklch(0.80, 0.04, self.hue)
        self.add("ellipse", self.centre + width * 0.12, y, width, width * 0.16, fill=fill)

    def stripes(self, x: float, y: float, w: float, h: float, count: int) -> None:
        for i in range(count):
            self.add("rect", x, y + i * h / count, w, h / count * 0.42, fill=self.light)

    def backdrop(self, width: int = BOX) -> None:
        """Wall, one of four decorations, floor."""
        rnd = self.rnd
        horizon = rnd.randint(268, 292)
        self.add("rect", 0, 0, width, BOX, fill=self.wall)
        match rnd.randrange(4):
            case 0:
                self.add("ellipse", 200 + rnd.randint(-50, 50), 150, 105, 105, fill=self.decor)
            case 1:
                x = 200 + rnd.randint(-30, 30)
                self.add("rounded", x - 95, 60, 190, 300, 95, fill=self.decor)
            case 2:
                self.add("rounded", 40, 48, 120, 150, 10, fill=self.decor)
                self.add("rect", 98, 48, 5, 150, fill=self.wall)
                self.add("rect", 40, 120, 120, 5, fill=self.wall)
            case _:
                self.add("polygon", (0, 0), (230, 0), (60, 400), (0, 400), fill=self.decor)
        self.add("rect", 0, horizon, width, BOX - horizon, fill=self.floor)
