"""The things that can be drawn, and the words that ask for them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from marketflow.storefront.art.colour import oklch
from marketflow.storefront.art.scene import Scene, Shape

Draw = Callable[[Scene], None]

# Words of a title or a category that say what the picture should show; its own name is one.
KIND_WORDS = {
    "mug": "mug cup coffee tea teapot espresso latte drink beverage",
    "vase": "vase flower bouquet pottery ceramic pitcher",
    "lamp": "lamp light lighting lantern bulb uplighter",
    "pendant": "pendant chandelier",
    "book": "book magazine journal notebook sketchbook stationery diary planner paper",
    "tee": "tee shirt top clothing apparel fashion sport dress jacket jumper knitwear cardigan",
    "scarf": "scarf scarve snood neckerchief shawl",
    "sock": "sock stocking",
    "plant": "plant pot trough garden seed cactus fern tree",
    "candle": "candle soap fragrance perfume cosmetic beauty cream",
    "bag": "bag tote backpack luggage rucksack shopper",
    "wallet": "wallet purse",
    "headphones": "headphones headphone earphone audio sound music electronic tech phone computer",
    "speaker": "speaker radio loudspeaker",
    "chair": "chair armchair furniture sofa",
    "stool": "stool footstool bench",
    "shelf": "shelf shelve bookshelf rack",
    "bowl": "bowl kitchen food fruit tableware",
    "plate": "plate platter dish saucer",
    "tool": "tool spoon spatula scoop knife brush fork trowel dibber",
    "cushion": "cushion pillow bolster",
    "basket": "basket storage box bin tray crate",
    "frame": "frame art print poster photo painting home living",
    "card": "card postcard envelope",
    "toy": "toy play",
    "puzzle": "puzzle jigsaw game",
    "parcel": "parcel",
}
KIND_OF = {word: kind for kind, words in KIND_WORDS.items() for word in words.split()}
# What comes after one of these says more about the thing, not what it is: a tote with a book.
TAIL = {"with", "without", "for", "of", "in", "on", "from"}

KINDS: dict[str, Draw] = {}


def kind(function: Draw) -> Draw:
    KINDS[function.__name__] = function
    return function


def kind_for(text: str) -> str | None:
    """The kind a title or a category's name speaks of, or None when it names none of them.

    The last word that names one, as in "book tote"; what a comma or a preposition adds comes
    second.
    """
    words = re.findall(r"[a-z]+", text.lower().partition(",")[0])
    kinds = [KIND_OF.get(word) or KIND_OF.get(word.removesuffix("s")) for word in words]
    end = next((place for place, word in enumerate(words) if word in TAIL), len(words))
    named = [*kinds[end:], *kinds[:end]]
    return next((kind for kind in reversed(named) if kind), None)


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


@kind
def pendant(s: Scene) -> None:
    c = s.centre
    s.add("line", c, 0, c, 130, 4, fill=s.dark)
    s.add("rounded", c - 16, 118, 32, 26, 6, fill=s.dark)
    s.add("polygon", (c - 22, 142), (c + 22, 142), (c + 96, 226), (c - 96, 226), fill=s.main)
    s.add("ellipse", c, 228, 24, 20, fill=s.light)
    s.add("rounded", c - 98, 220, 196, 12, 6, fill=s.dark)


@kind
def cushion(s: Scene) -> None:
    c, g = s.centre, s.ground
    s.shadow(104)
    s.add("rounded", c - 98, g - 176, 196, 176, 44, fill=s.main)
    s.stripes(c - 98, g - 130, 196, 92, s.rnd.choice((2, 3)))
    for x, y in ((-92, -170), (92, -170), (-92, -6), (92, -6)):
        s.add("ellipse", c + x, g + y, 11, 11, fill=s.dark)


@kind
def basket(s: Scene) -> None:
    c, g = s.centre, s.ground
    s.shadow(96)
    s.add("ring", c, g - 120, 78, 64, 11, fill=s.dark)
    s.add("polygon", (c - 104, g - 122), (c + 104, g - 122), (c + 86, g), (c - 86, g), fill=s.main)
    s.stripes(c - 88, g - 92, 176, 78, 3)
    s.add("rounded", c - 110, g - 130, 220, 20, 9, fill=s.dark)


@kind
def tool(s: Scene) -> None:
    c, g = s.centre, s.ground
    s.shadow(78)
    s.add("line", c - 34, g - 6, c - 52, g - 170, 13, fill=s.dark)
    s.add("ellipse", c - 55, g - 204, 30, 44, fill=s.main)
    s.add("line", c + 34, g - 6, c + 50, g - 160, 13, fill=s.dark)
    s.add("polygon", (c + 26, g - 160), (c + 78, g - 166), (c + 64, g - 252), fill=s.light)


@kind
def plate(s: Scene) -> None:
    c, g = s.centre, s.ground
    s.shadow(86)
    s.add("ellipse", c, g - 108, 108, 108, fill=s.main)
    s.add("ring", c, g - 108, 96, 96, 6, fill=s.dark)
    s.add("ellipse", c, g - 108, 68, 68, fill=s.light)


@kind
def scarf(s: Scene) -> None:
    c, g = s.centre, s.ground
    s.shadow(80)
    s.add("rounded", c - 58, g - 190, 52, 190, 8, fill=s.main)
    s.add("rounded", c + 4, g - 190, 52, 156, 8, fill=s.dark)
    s.stripes(c - 58, g - 70, 52, 52, 3)
    s.add("rounded", c - 84, g - 232, 168, 66, 33, fill=s.main)
    s.add("ellipse", c, g - 222, 40, 16, fill=s.dark)


@kind
def sock(s: Scene) -> None:
    c, g = s.centre, s.ground
    s.shadow(92)
    for x, fill in ((-74, s.main), (10, s.dark)):
        s.add("rounded", c + x, g - 190, 56, 176, 18, fill=fill)
        s.add("rounded", c + x, g - 56, 104, 52, 26, fill=fill)
        s.add("rounded", c + x - 3, g - 196, 62, 30, 8, fill=s.light)


@kind
def wallet(s: Scene) -> None:
    c, g = s.centre, s.ground
    s.shadow(104)
    s.add("rounded", c - 88, g - 150, 176, 90, 8, fill=s.light)
    s.add("rounded", c - 104, g - 130, 208, 130, 16, fill=s.main)
    s.add("rounded", c + 40, g - 88, 76, 44, 20, fill=s.dark)
    s.add("ellipse", c + 64, g - 66, 9, 9, fill=s.pop)


@kind
def speaker(s: Scene) -> None:
    c, g = s.centre, s.ground
    s.shadow(80)
    s.add("rounded", c - 72, g - 226, 144, 226, 16, fill=s.main)
    s.add("ellipse", c, g - 172, 30, 30, fill=s.dark)
    s.add("ellipse", c, g - 78, 54, 54, fill=s.dark)
    s.add("ellipse", c, g - 78, 22, 22, fill=s.light)


@kind
def stool(s: Scene) -> None:
    c, g = s.centre, s.ground
    s.shadow(88, g + 6)
    for foot in (-66, 0, 66):
        s.add("line", c + foot * 0.7, g - 130, c + foot, g + 4, 10, fill=s.dark)
    s.add("rounded", c - 46, g - 60, 92, 9, 4, fill=s.dark)
    s.add("rounded", c - 86, g - 152, 172, 34, 16, fill=s.main)


@kind
def shelf(s: Scene) -> None:
    c, g = s.centre, s.ground
    for y in (g - 190, g - 74):
        s.add("rounded", c - 118, y, 236, 14, 4, fill=s.dark)
    s.add("rounded", c - 96, g - 240, 24, 50, 4, fill=s.main)
    s.add("rounded", c - 68, g - 256, 24, 66, 4, fill=s.light)
    s.add("half", c + 56, g - 222, 36, 32, fill=s.main)
    s.add("rounded", c + 20, g - 130, 44, 56, 10, fill=s.pop)
    s.add("rounded", c - 84, g - 108, 70, 34, 6, fill=s.light)


@kind
def card(s: Scene) -> None:
    c, g = s.centre, s.ground
    s.shadow(96)
    s.add("rounded", c - 112, g - 130, 190, 124, 8, fill=s.main)
    s.add("polygon", (c - 112, g - 126), (c + 78, g - 126), (c - 17, g - 60), fill=s.light)
    s.add("rounded", c - 10, g - 214, 118, 160, 8, fill="#fffdf8")
    s.add("ellipse", c + 49, g - 150, 28, 28, fill=s.pop)
    s.add("rect", c + 18, g - 92, 62, 5, fill=s.dark)


@kind
def toy(s: Scene) -> None:
    c, g = s.centre, s.ground
    s.shadow(104)
    s.add("rounded", c - 92, g - 84, 84, 84, 8, fill=s.main)
    s.add("rounded", c + 4, g - 84, 84, 84, 8, fill=s.light)
    s.add("rounded", c - 46, g - 170, 84, 84, 8, fill=s.dark)
    s.add("polygon", (c - 46, g - 172), (c + 38, g - 172), (c - 4, g - 232), fill=s.pop)


@kind
def puzzle(s: Scene) -> None:
    c = s.centre
    for x, y, fill in (
        (-88, 140, s.main),
        (2, 140, s.light),
        (-88, 230, s.dark),
        (2, 230, s.main),
    ):
        s.add("rect", c + x, y, 86, 86, fill=fill)
    for x, y, fill in ((2, 183, s.main), (-45, 228, s.dark), (45, 228, s.light), (0, 273, s.dark)):
        s.add("ellipse", c + x, y, 18, 18, fill=fill)


@kind
def parcel(s: Scene) -> None:
    """What is drawn where nobody said what the thing is."""
    c, g = s.centre, s.ground
    s.shadow(104)
    s.add("rounded", c - 100, g - 150, 200, 150, 8, fill=s.main)
    s.add("rect", c - 17, g - 150, 34, 150, fill=s.light)
    s.add("rounded", c - 108, g - 166, 216, 36, 8, fill=s.dark)
    s.add("rect", c - 17, g - 166, 34, 36, fill=s.light)
