"""The category tree, as navigation and imports need it."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.cache import cache
from django.db import transaction
from django.db.models import Q

from catalog.models import Category
from catalog.services.listing import free_category_slug

TOP_CATEGORIES = "top-categories"
SECONDS = 300


def top_categories() -> list[Category]:
    """The roots, in order. Cached for a few minutes: they stand on every page."""
    found = cache.get(TOP_CATEGORIES)
    if found is None:
        found = list(Category.objects.get_root_nodes().defer("description"))
        cache.set(TOP_CATEGORIES, found, SECONDS)
    return found


def trail(category: Category) -> list[Category]:
    """What lies above `category`, top first. Cached for a few minutes."""
    steps = range(Category.steplen, len(category.path), Category.steplen)
    paths = [category.path[:length] for length in steps]
    if not paths:
        return []
    name = f"trail:{category.path}"
    found = cache.get(name)
    if found is None:
        # Every page has the roots too: where they are not known either, one query reads both.
        wanted = Q(path__in=paths)
        is_first = cache.get(TOP_CATEGORIES) is None
        read = Category.objects.filter(wanted | Q(depth=1) if is_first else wanted)
        read = list(read.defer("description").order_by("path"))
        found = [one for one in read if one.path in paths]
        cache.set(name, found, SECONDS)
        if is_first:
            cache.set(TOP_CATEGORIES, [one for one in read if one.is_root()], SECONDS)
    return found


@transaction.atomic
def find_or_make(path: Sequence[str]) -> Category:
    """The category at `path`, such as `["Home", "Lamps"]`, made with its parents if need be."""
    parent = None
    names: list[str] = []
    for name in path:
        names.append(name.strip()[:120])
        full_name = " > ".join(names)[:500]
        found = Category.objects.filter(full_name=full_name).first()
        parent = found or _add(parent, names[-1], full_name)
    if parent is None:
        raise ValueError("a category path has at least one name")
    return parent


@transaction.atomic
def rename_branch(category: Category) -> None:
    """Write the full names of `category` and all below it anew, after it was named or moved."""
    parent = Category.objects.get_parent(Category.objects.get(pk=category.pk))
    full_names = {parent.path: parent.full_name} if parent else {}
    branch = list(Category.objects.get_tree(category))
    for node in branch:
        above = full_names.get(node.path[: -Category.steplen], "")
        node.full_name = (f"{above} > {node.name}" if above else node.name)[:500]
        full_names[node.path] = node.full_name
    Category.objects.bulk_update(branch, ["full_name"], batch_size=500)
    cache.delete(TOP_CATEGORIES)


def _add(parent: Category | None, name: str, full_name: str) -> Category:
    values = {"name": name, "full_name": full_name, "slug": free_category_slug(full_name)}
    if parent is None:
        cache.delete(TOP_CATEGORIES)
        return Category.objects.add_root(values)
    return Category.objects.add_child(Category.objects.get(pk=parent.pk), values)
