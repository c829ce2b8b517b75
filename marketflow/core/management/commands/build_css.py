"""Joins the style sheets of `static/css` into the one that browsers get."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand

FOLDER = Path(settings.BASE_DIR) / "static" / "css"
TARGET = FOLDER / "app.css"
FIRST = ("layers.css", "tokens.css", "reset.css", "base.css", "layout.css")


def joined() -> str:
    """Every sheet in the order of the layers, without comments and spare white space."""
    sheets = [FOLDER / name for name in FIRST]
    sheets += sorted(FOLDER.glob("components/*.css")) + sorted(FOLDER.glob("pages/*.css"))
    sheets.append(FOLDER / "utilities.css")
    return "\n".join(squeezed(sheet.read_text("utf-8")) for sheet in sheets) + "\n"


def squeezed(css: str) -> str:
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    css = re.sub(r"\s+", " ", css)
    return re.sub(r" ?([{};,]) ?", r"\1", css).replace(";}", "}").replace(": ", ":").strip()


class Command(BaseCommand):
    help = "Write static/css/app.css from the sheets beside it."

    def handle(self, *args: object, **options: object) -> None:
        css = joined()
        TARGET.write_text(css, "utf-8")
        self.stdout.write(f"{TARGET.relative_to(settings.BASE_DIR)}: {len(css):,} bytes")
