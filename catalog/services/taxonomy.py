"""Loading a whole category tree at once, in the text format of Google's product taxonomy.

A line is `537 - Baby & Toddler > Baby Bathing`, or the same without the number. Places in the
tree are computed here and written in bulk: adding thousands of nodes one by one takes minutes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.core.cache import cache
from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from catalog.models import Category
from catalog.services.tree import TOP_CATEGORIES
from marketflow.core.errors import Refusal

LINE = re.compile(r"(?:(\d{1,9})\s+-\s+)?(.+)")
SEPARATOR = " > "
LONGEST_NAME, LONGEST_PATH, LONGEST_SLUG = 120, 500, 130
DEEPEST = 60  # The tree's own path has room for 63.
BATCH = 1000

Path = tuple[str, ...]


class BadTaxonomy(Refusal):
    """The file as a whole is refused; nothing has been written."""

    code = "bad_taxonomy"


@dataclass(frozen=True)
class Line:
    path: Path
    google_id: int | None

    @property
    def full_name(self) -> str:
        return SEPARATOR.join(self.path)


@dataclass
class Loaded:
    lines: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0


def load(lines: Iterable[str]) -> Loaded:
    """Make the categories of `lines` that are missing, number and rename those that are there.

    Nothing is moved or deleted, and loading the same lines again changes nothing. Raises
    BadTaxonomy, naming the line.
    """
    wanted = list(_with_parents(read(lines)))
    with transaction.atomic():
        loader = _Loader()
        for line in wanted:
            loader.take(line)
        loader.write()
    cache.delete(TOP_CATEGORIES)
    return loader.loaded


def read(lines: Iterable[str]) -> Iterator[Line]:
    """The categories of the file. Blank lines and comments are none."""
    for number, text in enumerate(lines, 1):
        text = text.strip()
        if not text or text.startswith("#"):
            continue
        found = LINE.fullmatch(text)
        path = tuple(" ".join(name.split()) for name in found[2].split(">"))
        _check(path, number)
        yield Line(path, int(found[1]) if found[1] else None)


def _check(path: Path, number: int) -> None:
    is_long = len(SEPARATOR.join(path)) > LONGEST_PATH or max(map(len, path)) > LONGEST_NAME
    if not all(path) or is_long or len(path) > DEEPEST:
        message = _("Line %(number)d is no category path: “%(path)s”.")
        message %= {"number": number, "path": SEPARATOR.join(path)[:80]}
        raise BadTaxonomy(message, line=number)
    if any(not letter.isprintable() for name in path for letter in name):
        raise BadTaxonomy(
            _("Line %(number)d holds control characters.") % {"number": number}, line=number
        )


def _with_parents(lines: Iterable[Line]) -> Iterator[Line]:
    """Each path once, parents before children, those that no line names included."""
    numbered: dict[Path, int | None] = {}
    for line in lines:
        for depth in range(1, len(line.path)):
            numbered.setdefault(line.path[:depth], None)
        if numbered.get(line.path) is None:
            numbered[line.path] = line.google_id
    for path, google_id in numbered.items():
        yield Line(path, google_id)


class _Loader:
    """The whole tree in memory, with what is to be written of it."""

    def __init__(self) -> None:
        known = list(Category.objects.defer("description").order_by("path"))
        self.loaded = Loaded()
        self._by_full_name = {category.full_name: category for category in known}
        self._by_google_id = {c.google_id: c for c in known if c.google_id}
        self._by_path = {category.path: category for category in known}
        self._slugs = {category.slug for category in known}
        # Where the next child goes: treebeard's path of the last one, by the parent's.
        self._last_child: dict[str, str] = {}
        for category in known:
            self._last_child[category.path[: -Category.steplen]] = category.path
        self._new: list[Category] = []
        self._changed: dict[int, Category] = {}
        self._parents: dict[int, Category] = {}

    def take(self, line: Line) -> None:
        self.loaded.lines += 1
        by_number = self._by_google_id.get(line.google_id)
        category = by_number or self._by_full_name.get(line.full_name)
        if category is None:
            self._make(line)
            self.loaded.created += 1
        elif self._update(category, line):
            self.loaded.changed += 1
        else:
            self.loaded.unchanged += 1

    def write(self) -> None:
        Category.objects.bulk_create(self._new, batch_size=BATCH)
        Category.objects.bulk_update(
            self._changed.values(), ["name", "full_name", "google_id"], batch_size=BATCH
        )
        Category.objects.bulk_update(self._parents.values(), ["numchild"], batch_size=BATCH)

    def _make(self, line: Line) -> None:
        parent = self._by_full_name.get(SEPARATOR.join(line.path[:-1]))
        category = Category(
            path=self._next_path(parent),
            depth=parent.depth + 1 if parent else 1,
            name=line.path[-1],
            full_name=line.full_name,
            google_id=line.google_id,
            slug=self._free_slug(line.path),
        )
        if parent:
            parent.numchild += 1
            if parent.pk:
                self._parents[parent.pk] = parent
        self._new.append(category)
        self._remember(category)

    def _update(self, category: Category, line: Line) -> bool:
        """Give it its number, or the name it has by now. One that stands elsewhere stays."""
        is_same_place = category.full_name.split(SEPARATOR)[:-1] == list(line.path[:-1])
        new_name = line.path[-1] if is_same_place else category.name
        new_id = line.google_id or category.google_id
        if (category.name, category.google_id) == (new_name, new_id):
            return False
        if category.name != new_name:
            self._rename(category, line.full_name)
        category.google_id = new_id
        self._remember(category)
        if category.pk:
            self._changed[category.pk] = category
        return True

    def _rename(self, category: Category, full_name: str) -> None:
        """All below it bear its name as well."""
        old = category.full_name
        category.name = full_name.rpartition(SEPARATOR)[2]
        for path, below in self._by_path.items():
            if path.startswith(category.path):
                below.full_name = full_name + below.full_name[len(old) :]
                self._by_full_name[below.full_name] = below
                if below.pk:
                    self._changed[below.pk] = below

    def _remember(self, category: Category) -> None:
        self._by_full_name[category.full_name] = category
        self._by_path[category.path] = category
        self._last_child[category.path[: -Category.steplen]] = category.path
        if category.google_id:
            self._by_google_id[category.google_id] = category

    def _next_path(self, parent: Category | None) -> str:
        above = parent.path if parent else ""
        last = self._last_child.get(above)
        step = Category._str2int(last[-Category.steplen :]) + 1 if last else 1
        return Category._get_path(above, len(above) // Category.steplen + 1, step)

    def _free_slug(self, path: Path) -> str:
        """Its own name, or as much of its path as it takes; the rule of `listing`."""
        parts = [slugify(name) for name in path]
        for depth in range(1, len(parts) + 1):
            slug = "-".join(part for part in parts[-depth:] if part)[:LONGEST_SLUG]
            if slug and slug not in self._slugs:
                self._slugs.add(slug)
                return slug
        return self._numbered_slug("-".join(filter(None, parts))[:120] or "category")

    def _numbered_slug(self, base: str) -> str:
        number = 2
        while f"{base}-{number}" in self._slugs:
            number += 1
        self._slugs.add(f"{base}-{number}")
        return f"{base}-{number}"
