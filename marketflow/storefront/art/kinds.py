"""The twelve things that can be drawn, and the words that ask for them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from marketflow.storefront.art.colour import oklch
from marketflow.storefront.art.scene import Scene, Shape

Draw = Callable[[Scene], None]

# Words of a title or a category path that say what the picture should show.
KIND_WORDS = {
    "mug": "mug cup coffee tea teapot drink beverage",
    "vase": "vase flower bouquet pottery ceramic pitcher",
    "lamp": "lamp light lighting lantern bulb",
    "book": "book magazine journal notebook stationery diary",
    "tee": "shirt tee top clothing apparel fashion sport dress jacket jumper knitwear cardigan",
    "plant": "plant planter pot trough garden seed cactus fern tree",
    "candle": "candle soap fragrance perfume cosmetic beauty cream",
    "bag": "bag tote backpack luggage purse wallet",
    "headphones": "headphone audio speaker electronic tech phone computer music",
    "chair": "chair furniture sofa stool bench",
    "bowl": "bowl plate kitchen food fruit tableware",
    "frame": "art print poster frame photo painting card toy game home living",
}

KINDS: dict[str, Draw] = {}


def kind(function: Draw) -> Draw:
    KINDS[function.__name__] = function
    return function


def kind_for(text: str) -> str | None:
    """The kind a title or a category path speaks of, or None when it names none of them."""
    words = re.findall(r"[a-z]+", text.lower())
    names = set(words) | {word.removesuffix("s") for word in words}
    return next((name for name in KINDS if names & set(KIND_WORDS[name].split())), None)


@kind
def mug(s: Scene) -> None:
    w, h = s.rnd.randint(120, 150), s.rnd.randint(125, 155)
    x, y = s.centre - w / 2, s.ground - h
    s.shadow(w * 0.62)
    s.add("ring", x + w + 6, y + h * 0.46, 36, 44, 16, fill=s.main)
    s.add("rounded", x, y, w, h, 18, fill=s.main)
    s.add("ellipse", s.centre, y + 6, w / 2, 12, fill=s.dark)
    s.stripes(x, y + h * 0.45, w, h * 0.3, s.rnd.choice((1, 2, 3)))


@kind
def vase(s: Scene) -> None:
    w = s.rnd.randint(90, 130)
    c, g = s.centre, s.ground
    s.shadow(w * 0.6)
    for lean in (-24, -8, 10, 26):
        tip = c + lean * 2.3
        s.add("line", c + lean * 0.3, g - 150, tip, g - 235, 5, fill=oklch(0.50, 0.09, 145))
        s.add("ellipse", tip, g - 240, 16, 16, fill=s.pop if lean % 3 else s.light)
    s.add("rounded", c - w * 0.22, g - 175, w * 0.44, 70, 12, fill=s.main)
    s.add("ellipse", c, g - 66, w / 2, 68, fill=s.main)
    s.add("ellipse", c, g - 172, w * 0.22, 8, fill=s.dark)
    s.stripes(c - w * 0.44, g - 88, w * 0.88, 36, 2)


@kind
def lamp(s: Scene) -> None:
    c, g = s.centre, s.ground
    s.shadow(70)
    s.add("rounded", c - 52, g - 16, 104, 16, 8, fill=s.dark)
    s.add("rect", c - 5, g - 150, 10, 136, fill=s.dark)
    s.add(
        "polygon", (c - 50, g - 250), (c + 50, g - 250), (c + 88, g - 140), (c - 88, g - 140),
        fill=s.main,
    )  # fmt: skip
    s.add(
        "polygon", (c - 88, g - 140), (c + 88, g - 140), (c + 84, g - 128), (c - 84, g - 128),
        fill=s.light,
    )  # fmt: skip


@kind
def book(s: Scene) -> None:
    s.shadow(120)
    y = s.ground
    for i in range(s.rnd.choice((2, 3, 4))):
        h, w = s.rnd.randint(28, 42), s.rnd.randint(170, 220)
        y -= h
        x = s.centre - w / 2 + s.rnd.randint(-14, 14)
        s.add("rounded", x, y, w, h - 2, 6, fill=(s.main, s.dark, s.light, s.pop)[i % 4])
        s.add("rect", s.centre - w * 0.28, y + h * 0.38, w * 0.34, 5, fill=s.decor)


@kind
def tee(s: Scene) -> None:
    c = s.centre
    right = ((58, 112), (128, 152), (104, 206), (78, 192), (78, 330))
    outline = [(c - x, y) for x, y in right] + [(c + x, y) for x, y in reversed(right)]
    s.add("polygon", *outline, fill=s.main)
    s.add("ellipse", c, 112, 36, 22, fill=s.dark)
    s.add("ellipse", c, 106, 32, 16, fill=s.wall)
    prints = (
        Shape("ellipse", (c, 220, 34, 34), s.pop),
        Shape("rounded", (c - 40, 196, 80, 52, 8), s.light),
        Shape("polygon", ((c, 186), (c + 40, 250), (c - 40, 250)), s.light),
    )
    s.shapes.append(s.rnd.choice(prints))


@kind
def plant(s: Scene) -> None:
    c, g = s.centre, s.ground
    root = g - 95
    s.shadow(74)
    for i, lean in enumerate((-64, -38, -12, 14, 40, 66)):
        length, angle = 150 - abs(lean) * 0.55, math.radians(lean - 90)
        tip_x, tip_y = c + length * math.cos(angle), root + length * math.sin(angle)
        across_x, across_y = -math.sin(angle) * 24, math.cos(angle) * 24
        mid_x, mid_y = (c + tip_x) / 2, (root + tip_y) / 2
        s.add(
            "polygon",
            (c, g - 92),
            (mid_x + across_x, mid_y + across_y),
            (tip_x, tip_y),
            (mid_x - across_x, mid_y - across_y),
            fill=oklch(0.52 + 0.05 * (i % 3), 0.10, 145 + i * 4),
        )
    s.add("polygon", (c - 66, g - 104), (c + 66, g - 104), (c + 50, g), (c - 50, g), fill=s.main)
    s.add("rounded", c - 74, g - 118, 148, 26, 8, fill=s.dark)


@kind
def candle(s: Scene) -> None:
    w = s.rnd.randint(100, 130)
    c, g = s.centre, s.ground
    s.shadow(w * 0.6)
    s.add("rounded", c - w / 2, g - 128, w, 128, 14, fill=s.main)
    s.add("ellipse", c, g - 122, w / 2, 12, fill=s.light)
    s.add("rounded", c - w * 0.34, g - 88, w * 0.68, 56, 6, fill=s.decor)
    s.add("rect", c - w * 0.2, g - 68, w * 0.4, 5, fill=s.dark)
    s.add("rect", c - w * 0.14, g - 56, w * 0.28, 4, fill=s.dark)
    s.add("line", c, g - 124, c, g - 146, 4, fill=s.dark)
    s.add("ellipse", c, g - 160, 9, 16, fill=s.pop)


@kind
def bag(s: Scene) -> None:
    c, g = s.centre, s.ground
    s.shadow(96)
    s.add("ring", c, g - 170, 52, 58, 13, fill=s.dark)
    s.add("polygon", (c - 84, g - 176), (c + 84, g - 176), (c + 102, g), (c - 102, g), fill=s.main)
    s.add("rounded", c - 34, g - 116, 68, 46, 8, fill=s.light)


@kind
def headphones(s: Scene) -> None:
    c = s.centre
    s.add("ring", c, 232, 98, 104, 18, fill=s.dark)
    s.add("rounded", c - 120, 208, 46, 92, 22, fill=s.main)
    s.add("rounded", c + 74, 208, 46, 92, 22, fill=s.main)
    s.add("rounded", c - 104, 214, 18, 80, 9, fill=s.light)
    s.add("rounded", c + 86, 214, 18, 80, 9, fill=s.light)


@kind
def chair(s: Scene) -> None:
    c, g = s.centre, s.ground
    s.shadow(92, g + 6)
    for foot in (-70, -46, 46, 70):
        s.add("line", c + foot * 0.8, g - 88, c + foot, g + 4, 9, fill=s.dark)
    s.add("rounded", c - 72, g - 232, 144, 120, 30, fill=s.main)
    s.add("rounded", c - 84, g - 118, 168, 34, 16, fill=s.light)


@kind
def bowl(s: Scene) -> None:
    c, g = s.centre, s.ground
    s.shadow(84)
    for dx, fill in ((-46, s.pop), (-4, s.light), (40, s.pop)):
        s.add("ellipse", c + dx, g - 104, 30, 30, fill=fill)
    s.add("half", c, g - 104, 108, 98, fill=s.main)
    s.add("rect", c - 108, g - 104, 216, 10, fill=s.dark)
    s.add("rounded", c - 36, g - 14, 72, 14, 6, fill=s.dark)


@kind
def frame(s: Scene) -> None:
    c = s.centre
    s.add("rounded", c - 98, 92, 196, 228, 6, fill=s.dark)
    s.add("rect", c - 84, 106, 168, 200, fill="#fffdf8")
    s.add("ellipse", c + s.rnd.randint(-24, 24), 182, 44, 44, fill=s.pop)
    s.add("polygon", (c - 70, 292), (c - 16, 204), (c + 30, 292), fill=s.main)
    s.add("polygon", (c - 12, 292), (c + 36, 228), (c + 72, 292), fill=s.light)
