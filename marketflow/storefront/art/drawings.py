"""Whole drawings from a seed: still lifes, covers, avatars, and the market's own mark."""

from __future__ import annotations

import re
from itertools import pairwise

from marketflow.storefront.art.colour import HUES, oklch
from marketflow.storefront.art.kinds import KINDS, kind_for
from marketflow.storefront.art.scene import BOX, Scene, Shape, random_from
from marketflow.storefront.art.svg import document, elements, initials, to_svg


def draw(seed: str, kind: str | None = None, category: str = "home") -> list[Shape]:
    """A still life. Without a kind it is a parcel: a wrong thing would be taken for the goods."""
    rnd = random_from(seed)
    scene = Scene(rnd, category)
    scene.backdrop()
    KINDS[kind or "parcel"](scene)
    return scene.shapes


def picture(seed: str) -> str:
    """What a seed speaks of, as SVG: "mug-17", "cover-fernhouse", "avatar-noor-haddad"."""
    first, _, rest = seed.partition("-")
    category = next((word for word in seed.split("-") if word in HUES), first)
    match first:
        case "cover":
            return cover(rest, category=rest)
        case "avatar":
            return avatar(rest.replace("-", " "))
    return to_svg(draw(seed, kind_for(seed.replace("-", " ")), category))


def cover(seed: str, category: str = "home") -> str:
    """A shop's cover, 3:1: three objects in one room."""
    rnd = random_from(seed)
    scene = Scene(rnd, category)
    scene.backdrop(width=3 * BOX)
    parts = [elements(scene.shapes)]
    for place, kind in enumerate(rnd.sample(list(KINDS), 3)):
        scene.shapes = []
        KINDS[kind](scene)
        parts.append(f'<g transform="translate({place * BOX})">{elements(scene.shapes)}</g>')
    return document("".join(parts), width=3 * BOX)


def avatar(name: str) -> str:
    """Initials on two hues."""
    hue = random_from(name).randrange(360)
    ground = Shape("rect", (0, 0, BOX, BOX), oklch(0.88, 0.05, hue))
    disc = Shape("ellipse", (290, 120, 190, 190), oklch(0.93, 0.04, hue + 70))
    words = re.findall(r"\w+", name) or ["?"]
    letters = words[0][0] + (words[-1][0] if len(words) > 1 else "")
    ink = oklch(0.35, 0.08, hue)
    return document(elements([ground, disc]) + initials(letters.upper(), ink))


def mark(maskable: bool = False) -> list[Shape]:
    """The market's icon. The maskable one fills its box, the letter stays in the safe zone."""
    points = [(87, 275), (87, 138), (150, 212), (200, 138), (250, 212), (313, 138), (313, 275)]
    shapes = [Shape("rounded", (0, 0, BOX, BOX, 0 if maskable else 100), "#01655c")]
    for (x1, y1), (x2, y2) in pairwise(points):
        shapes.append(Shape("line", (x1, y1, x2, y2, 37), "#ffffff"))
    return shapes
