"""Builds the icon sprite from a folder of Lucide's files. Only who adds an icon needs it."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

TARGET = Path(settings.BASE_DIR) / "static" / "vendor" / "lucide" / "icons.svg"
NAMES = [
    "search", "shopping-bag", "heart", "user", "menu", "x", "chevron-down", "chevron-left",
    "chevron-right", "star", "message-circle", "bell", "store", "truck", "package", "map-pin",
    "lock", "shield-check", "sliders-horizontal", "check", "circle-check", "circle-alert",
    "triangle-alert", "info", "plus", "minus", "trash-2", "pencil", "image", "upload",
    "download", "copy", "share-2", "eye", "eye-off", "log-out", "settings", "house",
    "grid-3x3", "list", "arrow-left", "arrow-up-right", "refresh-cw", "send", "paperclip",
    "clock", "credit-card", "banknote", "undo-2", "badge-check", "moon", "sun", "wifi-off",
]  # fmt: skip


class Command(BaseCommand):
    help = "Write static/vendor/lucide/icons.svg from the icons folder of lucide-static."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="the folder with heart.svg and the others")

    def handle(self, *args: object, folder: Path, **options: object) -> None:
        missing = [name for name in NAMES if not (folder / f"{name}.svg").is_file()]
        if missing:
            raise CommandError(f"{folder} has no {', '.join(missing)}")

        symbols = "\n".join(symbol(name, (folder / f"{name}.svg").read_text()) for name in NAMES)
        TARGET.write_text(f'<svg xmlns="http://www.w3.org/2000/svg">\n{symbols}\n</svg>\n')
        self.stdout.write(f"{len(NAMES)} icons, {TARGET.stat().st_size:,} bytes")


def symbol(name: str, svg: str) -> str:
    shapes = re.search(r"<svg[^>]*>(.*)</svg>", svg, flags=re.DOTALL)[1]
    body = re.sub(r"\s*\n\s*", "", shapes).replace(" />", "/>")
    return f'<symbol id="{name}" viewBox="0 0 24 24">{body}</symbol>'
