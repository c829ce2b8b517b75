"""Finding the market's category for what a file calls it; making one where there is none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from catalog.models import Category
from catalog.services import tree
from catalog.services.importing.drafts import ProductDraft

# A file brings in so many at most: the tree is everybody's.
MOST_NEW = 50
DEEPEST = 8
LONGEST_NAME, LONGEST_PATH = 120, 500

Path = tuple[str, ...]


class Categories:
    """The whole tree in memory, for one run: by path, by Google's number, by name.

    `may_grow` says whether the file may add to it: it is everybody's, and stands on every page.
    """

    def __init__(self, *, may_grow: bool = True) -> None:
        self._may_grow = may_grow
        self._by_path: dict[str, Category] = {}
        self._by_google_id: dict[int, Category] = {}
        self._by_name: dict[str, list[Category]] = defaultdict(list)
        self._new: set[str] = set()
        for category in Category.objects.only("name", "full_name", "google_id", "path"):
            self._add(category)

    def find(self, draft: ProductDraft) -> Category | None:
        """By the whole path of any of its paths, Google's number, or a name that only one has."""
        for path in draft.categories:
            if found := self._by_path.get(_key(path)):
                return found
        if found := self._by_google_id.get(draft.google_category):
            return found
        for path in draft.categories:
            named = self._by_name.get(path[-1].casefold(), [])
            if len(named) == 1:
                return named[0]
        return None

    def may_make(self, path: Path) -> bool:
        """Whether a category at `path` may still be made, its parents counted."""
        if not self._may_grow:
            return False
        is_sound = len(path) <= DEEPEST and len(" > ".join(path)) <= LONGEST_PATH
        if not is_sound or any(len(name) > LONGEST_NAME for name in path):
            return False
        keys = {_key(path[:depth]) for depth in range(1, len(path) + 1)}
        wanted = self._new | (keys - self._by_path.keys())
        if len(wanted) > MOST_NEW:
            return False
        self._new = wanted
        return True

    def make(self, path: Path) -> Category:
        """The category at `path`, made with its parents if it isn't there."""
        if found := self._by_path.get(_key(path)):
            return found
        made = tree.find_or_make(self._spelled(path))
        self._add(made)
        return made

    def _spelled(self, path: Path) -> Sequence[str]:
        """`path` with its known parents spelled as they are."""
        for depth in range(len(path) - 1, 0, -1):
            if parent := self._by_path.get(_key(path[:depth])):
                return [*parent.full_name.split(" > "), *path[depth:]]
        return path

    def _add(self, category: Category) -> None:
        self._by_path[category.full_name.casefold()] = category
        self._by_name[category.name.casefold()].append(category)
        if category.google_id:
            self._by_google_id[category.google_id] = category


def _key(path: Path) -> str:
    return " > ".join(path).casefold()
