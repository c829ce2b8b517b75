"""What a machine can hold of the look: contrast, weight, the shape of the templates, drawings."""

from __future__ import annotations

import gzip
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django import forms
from django.conf import settings
from django.template.loader import render_to_string

from catalog.models import Category, Product
from marketflow.core.forms import PlainSpeech
from marketflow.core.management.commands import build_css, build_icons
from marketflow.core.money import Money
from marketflow.core.templatetags.marketflow import money, star_class, whole_money
from marketflow.demo.goods import SHELVES
from marketflow.demo.pictures import kind_of
from marketflow.storefront.art import KINDS, art, draw, kind_for, picture, to_image

ROOT = Path(settings.BASE_DIR)
CSS = ROOT / "static" / "css"
JS = ROOT / "static" / "js"

# --- colour


def tokens(theme: int) -> dict[str, str]:
    """The colours of the light (0) or the dark (1) scheme."""
    pairs = re.findall(
        r"--color-([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", (CSS / "tokens.css").read_text()
    )
    return {name: shades[theme] for name, *shades in pairs}


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


GROUNDS = ("canvas", "surface", "surface-2")
STATUS = ("sale", "danger", "ok", "warn", "info")
PAIRS = [
    *[(ink, on, 4.5) for ink in ("ink", "ink-2") for on in (*GROUNDS, "surface-3", "brand-soft")],
    *[(ink, on, 4.5) for ink in ("ink-3", "brand") for on in GROUNDS],
    *[("on-brand", on, 4.5) for on in ("brand", "brand-hover")],
    *[(f"on-{on}", on, 4.5) for on in ("brand-soft", "accent", "danger")],
    *[(status, on, 4.5) for status in STATUS for on in ("canvas", "surface", f"{status}-soft")],
    *[("star", on, 3) for on in GROUNDS],
    *[("line-strong", on, 3) for on in ("canvas", "surface")],
    *[("focus", on, 3) for on in GROUNDS],
]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_every_pair_of_colours_can_be_read(theme):
    colours = tokens(theme)

    too_weak = [
        f"{ink} on {on}: {contrast(colours[ink], colours[on]):.2f}"
        for ink, on, least in PAIRS
        if contrast(colours[ink], colours[on]) < least
    ]

    assert not too_weak


def test_a_browser_without_light_dark_gets_the_light_colours():
    plain = dict(re.findall(r"--color-([\w-]+): (#\w{6});", (CSS / "tokens.css").read_text()))

    assert plain == tokens(0)


def test_colours_are_written_down_in_one_file_only():
    sheets = [*CSS.glob("components/*.css"), *CSS.glob("pages/*.css"), CSS / "base.css"]

    assert not [
        f"{sheet.name}: {found}"
        for sheet in sheets
        for found in re.findall(r"(?<![&\w])#[0-9a-f]{3,8}\b|rgba?\(|hsla?\(", sheet.read_text())
    ]


# --- weight


def weight(*paths: Path) -> int:
    return len(gzip.compress(b"".join(path.read_bytes() for path in paths), 9))


def with_imports(module: Path) -> set[Path]:
    found = re.findall(r'^import .*"(\.[^"]+)";', module.read_text(), flags=re.MULTILINE)
    return {module}.union(*(with_imports((module.parent / path).resolve()) for path in found))


def test_the_style_sheet_is_fresh():
    assert (CSS / "app.css").read_text() == build_css.joined(), "run manage.py build_css"


def test_a_page_carries_little():
    font = ROOT / "static/vendor/instrument-sans/instrument-sans-latin-wght-normal.woff2"

    assert weight(CSS / "app.css") <= 12_000
    htmx, app = ROOT / "static/vendor/htmx-4.0.1.min.js", with_imports(JS / "app.js")
    search = with_imports(JS / "elements/mf-combobox.js")
    assert weight(*sorted(app)) <= 6_000
    assert weight(htmx) <= 14_000
    assert weight(htmx) + weight(*sorted(app | search)) <= 20 * 1024
    assert font.stat().st_size <= 31_000
    assert (CSS / "error.css").stat().st_size <= 4096


# --- templates

TAG = re.compile(r"{%.*?%}", re.DOTALL)
COMMENT = re.compile(r"{% comment %}.*?{% endcomment %}|{#.*?#}", re.DOTALL)
INCLUDE = re.compile(r'{% include "([^"]+)"[^%]*%}')
INNERMOST_IF = re.compile(r"{% if (?:(?!{% if |{% endif %}).)*{% endif %}", re.DOTALL)
# Not the storefront: the admin's own look, the API's pages, and mails, which know no style sheet.
ELSEWHERE = ("admin/", "unfold/", "rest_framework/", "drf_spectacular/", "email/", "/email")


@cache
def templates() -> list[Path]:
    folders = [ROOT / "templates", *ROOT.glob("*/templates"), *ROOT.glob("*/*/templates")]
    found = [path for folder in folders for path in folder.rglob("*.html")]
    found = [path for path in found if ".venv" not in path.parts]
    return sorted(p for p in found if not any(part in short(p) for part in ELSEWHERE))


def short(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def source(path: Path) -> str:
    return COMMENT.sub("", path.read_text("utf-8"))


class Lint(HTMLParser):
    """Reads a template as if its tags were not there, and collects what is wrong."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.forms = 0
        self.button: str | None = None
        self.feed(
            TAG.sub(
                "",
                re.sub(r"{{.*?}}|{% (blocktranslate|translate|icon) .*?%}", self.stand_in, text),
            )
        )
        self.close()

    @staticmethod
    def stand_in(match: re.Match) -> str:
        return "" if match[0].startswith("{% icon") else "x"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.wrong += [f"<{tag} {name}>" for name in given if name == "style" or name[:2] == "on"]
        if tag == "img":
            self.wrong += [
                f"<img> without {n}" for n in ("alt", "width", "height") if n not in given
            ]
        if tag == "script" and "src" not in given and given.get("type") != "application/ld+json":
            self.wrong.append("inline <script>")
        if tag == "form":
            self.forms += 1
            if self.forms > 1:
                self.wrong.append("a form in a form")
        if tag == "button":
            self.button = given.get("aria-label") or ""

    def handle_data(self, data: str) -> None:
        if self.button is not None:
            self.button += data.strip()

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.forms -= 1
        if tag == "button":
            if not self.button:
                self.wrong.append("a button without a name")
            self.button = None


@pytest.mark.parametrize("path", templates(), ids=short)
def test_a_template_is_well_made(path):
    assert not Lint(source(path)).wrong


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('<img src="a.png" alt="">', ["<img> without width", "<img> without height"]),
        ('<p style="color: red">', ["<p style>"]),
        ('<a onclick="go()">', ["<a onclick>"]),
        ("<button>{% icon 'x' %}</button>", ["a button without a name"]),
        ("<form><form></form></form>", ["a form in a form"]),
        ("<script>go()</script>", ["inline <script>"]),
        ('<button aria-label="{% translate "Close" %}">{% icon "x" %}</button>', []),
    ],
)
def test_the_lint_finds_what_it_looks_for(text, wrong):
    assert Lint(text).wrong == wrong


def pages() -> list[Path]:
    """What extends another template, without the frames that pages stand in."""
    frames = ("_", "base.html", "checkout_base.html")
    return [p for p in templates() if "{% extends" in source(p) and not p.name.startswith(frames)]


@pytest.mark.parametrize("path", pages(), ids=short)
def test_a_page_has_one_main_heading(path):
    assert headings(inherited(path)) == 1


def inherited(path: Path) -> str:
    """The template with what it includes, and what is left of the one it extends."""
    text = whole(path)
    extends = re.search(r'{% extends "([^"]+)" %}', text)
    parent = find(extends[1]) if extends else None
    if not parent:
        return text
    above = inherited(parent)
    for name in re.findall(r"{% block (\w+) %}", text):
        block = rf"{{% block {name} %}}.*{{% endblock {name} %}}"
        above = re.sub(block, "", above, flags=re.DOTALL)
    return text + above


def whole(path: Path) -> str:
    """The template with what it includes."""
    return INCLUDE.sub(lambda match: included(match[1]), source(path))


def find(name: str) -> Path | None:
    return next((p for p in templates() if p.as_posix().endswith(f"/templates/{name}")), None)


def included(name: str) -> str:
    found = find(name)
    return whole(found) if found else ""


def headings(text: str) -> int:
    """How many <h1> a reader can meet at once: of an `if`, the branch with most."""
    while match := INNERMOST_IF.search(text):
        branches = re.split(r"{% el(?:se|if [^%]*) ?%}", match[0])
        best = max(branches, key=lambda branch: branch.count("<h1"))
        text = text.replace(match[0], re.sub(r"{% (if [^%]*|endif) %}", "", best))
    return text.count("<h1")


def test_every_icon_that_is_asked_for_exists():
    sprite = (ROOT / "static/vendor/lucide/icons.svg").read_text()
    there = set(re.findall(r'<symbol id="([^"]+)"', sprite))

    asked = {
        name
        for path in templates()
        for name in re.findall(r'{% icon "([^"]+)"|icon_name="([^"]+)"', source(path))
        for name in name
        if name
    }

    assert there == set(build_icons.NAMES)
    assert asked <= there


# --- what templates share


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Money(1250, "EUR"), "€12.50"),
        (Money(123456, "EUR"), "€1,234.56"),
        (Money(-400, "EUR"), "−€4.00"),
        (Money(500, "JPY"), "JP¥500"),
        (None, ""),
    ],
)
def test_money_is_written_as_the_reader_writes_it(amount, text):
    assert money(amount) == text


def test_round_amounts_can_go_without_decimals():
    assert whole_money(Money(2000, "EUR")) == "€20"
    assert whole_money(Money(1999, "EUR")) == "€19.99"


@pytest.mark.parametrize(
    ("rating", "name"),
    [
        (4.7, "stars--47"),
        (0, "stars--00"),
        (None, "stars--00"),
        (5, "stars--50"),
        (4.25, "stars--43"),
    ],
)
def test_a_rating_chooses_a_class_that_exists(rating, name):
    assert star_class(rating) == name
    assert f".{name}{{" in (CSS / "app.css").read_text()


class Address(PlainSpeech, forms.Form):
    email = forms.EmailField(label="E-mail address", help_text="For the receipt.")
    vat = forms.CharField(label="VAT number")
    country = forms.ChoiceField(label="Country", choices=[("IE", "Ireland")])
    line2 = forms.CharField(label="Address line 2", required=False)


def test_a_field_names_its_hint_and_its_error():
    form = Address({"email": "nowhere"})

    html = form["email"].as_field_group()

    described = re.search(r'aria-describedby="([^"]+)"', html)[1].split()
    assert len(described) == 2
    assert all(f'id="{name}"' in html for name in described)
    assert 'aria-invalid="true"' in html
    assert '<label class="field__label" for="id_email">' in html


def test_an_error_says_what_to_do():
    form = Address({"email": "nowhere"})

    assert form.errors["email"] == ["Enter an address like name@example.org"]
    assert form.errors["vat"] == ["Enter VAT number"]
    assert form.errors["country"] == ["Choose country"]


def test_optional_fields_say_so():
    form = Address()

    assert "(optional)" in form["line2"].as_field_group()
    assert "(optional)" not in form["vat"].as_field_group()


def test_the_error_summary_leads_to_each_field():
    form = Address({"email": "nowhere"})

    html = render_to_string("components/_error_summary.html", {"form": form})

    assert re.findall(r'href="#(\w+)"', html) == ["id_email", "id_vat", "id_country"]
    assert render_to_string("components/_error_summary.html", {"form": Address()}).strip() == ""


@pytest.mark.parametrize("name", ["500.html", "503.html"])
def test_the_last_pages_need_neither_request_nor_database(name):
    html = render_to_string(name)

    assert "css/error" in html
    assert "<h1>" in html


# --- drawings


@pytest.mark.parametrize("kind", KINDS)
def test_a_drawing_is_small_and_always_the_same(kind):
    svg = picture(f"{kind}-17")

    assert svg == picture(f"{kind}-17") != picture(f"{kind}-18")
    assert len(svg) < 2500
    ElementTree.fromstring(svg)


@pytest.mark.parametrize(
    "seed", ["cover-fernhouse", "avatar-noor-haddad", "<b>&amp;", "avatar-", "…"]
)
def test_whatever_the_seed_says_the_picture_is_sound(seed):
    ElementTree.fromstring(picture(seed))


def test_the_kind_comes_from_the_words_of_a_title():
    assert kind_for("Two stoneware mugs, speckled") == "mug"
    assert kind_for("Kitchen > Tableware") == "bowl"
    assert kind_for("Book tote with pocket") == "bag"
    assert kind_for("Set of bowls") == "bowl"
    assert kind_for("Something else entirely") is None


def test_what_nobody_named_is_drawn_as_a_parcel():
    assert draw("zeppelin") == draw("zeppelin", "parcel")
    assert kind_for("parcel") == "parcel"


SHELF_KINDS = {
    "mug": ["Mugs & Cups", "Tea & Coffee"],
    "bowl": ["Bowls"],
    "plate": ["Plates"],
    "tool": ["Kitchen Tools", "Garden Tools"],
    "vase": ["Vases"],
    "candle": ["Candles"],
    "cushion": ["Cushions"],
    "basket": ["Storage"],
    "frame": ["Wall Art"],
    "lamp": ["Table Lamps", "Floor Lamps"],
    "pendant": ["Pendants"],
    "plant": ["Pots & Planters", "Seeds"],
    "tee": ["T-shirts", "Knitwear"],
    "scarf": ["Scarves"],
    "sock": ["Socks"],
    "bag": ["Totes", "Backpacks"],
    "wallet": ["Wallets"],
    "book": ["Notebooks", "Books"],
    "card": ["Cards"],
    "chair": ["Chairs"],
    "stool": ["Stools"],
    "shelf": ["Shelves"],
    "toy": ["Wooden Toys"],
    "puzzle": ["Puzzles"],
    "headphones": ["Headphones"],
    "speaker": ["Speakers"],
}


@pytest.mark.parametrize("shelf", SHELVES, ids=lambda shelf: shelf.path[1])
def test_every_thing_of_the_demo_is_drawn_as_what_it_is(shelf):
    category = Category(name=shelf.path[1])

    drawn = {kind_of(Product(title=name, category=category)) for name in shelf.names}

    assert len(drawn) == 1
    assert shelf.path[1] in SHELF_KINDS[drawn.pop()]


def test_an_avatar_shows_the_initials():
    assert ">NH</text>" in picture("avatar-noor-haddad")


def test_both_formats_draw_the_same_list():
    image = to_image(draw("p1", "mug", "kitchen"), size=40)

    wall = draw("p1", "mug", "kitchen")[0].fill
    assert image.size == (40, 40)
    assert "#{:02x}{:02x}{:02x}".format(*image.getpixel((39, 0))) == wall


def test_a_drawing_is_kept_for_ever(rf):
    response = art(rf.get("/art/mug-1.svg"), "mug-1")

    assert response["Content-Type"] == "image/svg+xml"
    assert "immutable" in response["Cache-Control"]
