"""A whole category tree from a text file."""

from __future__ import annotations

import io
import time
from collections import Counter
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count

from catalog.models import Category
from catalog.services import taxonomy, tree
from catalog.tests.factories import make_category
from catalog.tests.ledger import digest, writes

TREE = """# A comment
2 - Home
5 - Home > Lamps & Light
7 - Home > Lamps & Light > Desk
9 - Garden
"""


def load(text: str, tmp_path) -> str:
    path = tmp_path / "taxonomy.txt"
    path.write_text(text, encoding="utf-8")
    return run(path)


def run(path: Path) -> str:
    out = io.StringIO()
    call_command("load_taxonomy", str(path), stdout=out)
    return out.getvalue()


def names() -> list[tuple[str, int | None]]:
    return list(Category.objects.order_by("path").values_list("full_name", "google_id"))


def is_sound() -> bool:
    """Whether each node's path, depth and number of children agree with the others'."""
    nodes = {c.path: c for c in Category.objects.all()}
    children = Counter(path[: -Category.steplen] for path in nodes)
    return all(
        len(path) == node.depth * Category.steplen
        and node.numchild == children[path]
        and (node.depth == 1 or path[: -Category.steplen] in nodes)
        and node.full_name.count(" > ") == node.depth - 1
        for path, node in nodes.items()
    )


def test_the_whole_of_googles_tree_in_seconds(shared_data, db):
    (path,) = (shared_data / "taxonomy").glob("*.txt")
    began = time.process_time()
    text = run(path)
    took = time.process_time() - began

    assert text.splitlines()[-1] == (
        "5,582 categories: 5,582 new, 0 changed, 0 unchanged. "
        "The tree has 5,582, 21 of them roots."
    )
    assert took < 10
    levels = Category.objects.values_list("depth").annotate(n=Count("pk")).order_by("depth")
    assert list(levels) == [(1, 21), (2, 192), (3, 1349), (4, 2198), (5, 1377), (6, 397), (7, 48)]
    assert Category.objects.filter(numchild=0).count() == 4709
    assert Category.objects.exclude(google_id=None).count() == 5582
    assert Category.objects.values("slug").distinct().count() == 5582
    assert is_sound()

    before = digest()
    with writes() as written:
        text = run(path)

    assert "0 new, 0 changed, 5,582 unchanged" in text
    assert written == []
    assert digest() == before


def test_a_small_tree_stands_as_it_is_written(tmp_path, db):
    load(TREE, tmp_path)

    assert names() == [
        ("Home", 2),
        ("Home > Lamps & Light", 5),
        ("Home > Lamps & Light > Desk", 7),
        ("Garden", 9),
    ]
    home = Category.objects.get(google_id=2)
    assert [c.name for c in Category.objects.get_children(home)] == ["Lamps & Light"]
    assert home.numchild == 1
    assert Category.objects.get(google_id=5).slug == "lamps-light"
    assert is_sound()


def test_without_ids_it_is_the_same_tree(tmp_path, db):
    load("Home\nHome > Lamps\nGarden\n", tmp_path)

    assert names() == [("Home", None), ("Home > Lamps", None), ("Garden", None)]
    assert "0 new, 0 changed, 3 unchanged" in load("Home\nHome > Lamps\nGarden\n", tmp_path)


def test_ids_given_later_are_taken_over(tmp_path, db):
    load("Home\nHome > Lamps\n", tmp_path)

    text = load("2 - Home\n5 - Home > Lamps\n", tmp_path)

    assert "0 new, 2 changed" in text
    assert names() == [("Home", 2), ("Home > Lamps", 5)]


def test_categories_of_imports_get_their_numbers_and_their_siblings(tmp_path, db):
    mine = make_category("Home", "Bowls")

    load("2 - Home\n3 - Home > Bowls\n4 - Home > Vases\n", tmp_path)

    mine.refresh_from_db()
    assert mine.google_id == 3
    assert [c.full_name for c in Category.objects.order_by("path")] == [
        "Home", "Home > Bowls", "Home > Vases",
    ]  # fmt: skip
    assert is_sound()


def test_trees_grown_by_hand_go_on_growing(tmp_path, db):
    load(TREE, tmp_path)
    made = make_category("Home", "Lamps & Light", "Floor")
    load(TREE + "11 - Home > Lamps & Light > Ceiling\n", tmp_path)

    siblings = [c.name for c in Category.objects.get_siblings(made)]
    assert siblings == ["Desk", "Floor", "Ceiling"]
    assert is_sound()


def test_a_new_name_is_taken_over_by_all_below(tmp_path, db):
    load(TREE, tmp_path)
    slug = Category.objects.get(google_id=5).slug

    load(TREE.replace("Lamps & Light", "Lighting"), tmp_path)

    assert names()[:3] == [
        ("Home", 2), ("Home > Lighting", 5), ("Home > Lighting > Desk", 7),
    ]  # fmt: skip
    assert Category.objects.get(google_id=5).slug == slug
    assert is_sound()


def test_what_was_moved_by_hand_stays_where_it_is(tmp_path, db):
    load(TREE, tmp_path)
    desk, garden = Category.objects.get(google_id=7), Category.objects.get(google_id=9)
    Category.objects.move(desk, garden, "first-child")
    tree.rename_branch(Category.objects.get(google_id=7))
    before = digest()

    assert "0 new, 0 changed, 4 unchanged" in load(TREE, tmp_path)
    assert digest() == before


def test_parents_that_no_line_names_are_made(tmp_path, db):
    load("7 - Home > Lamps > Desk\n", tmp_path)

    assert names() == [("Home", None), ("Home > Lamps", None), ("Home > Lamps > Desk", 7)]


def test_equal_names_get_addresses_of_their_own(tmp_path, db):
    load("A > Bowls\nB > Bowls\nA & B\nA-B\nд\n", tmp_path)

    slugs = dict(Category.objects.values_list("full_name", "slug"))
    assert slugs["A > Bowls"] == "bowls"
    assert slugs["B > Bowls"] == "b-bowls"
    assert len(set(slugs.values())) == len(slugs) == 7


def test_the_navigation_shows_the_new_roots_at_once(tmp_path, db):
    make_category("Old")
    assert [root.name for root in tree.top_categories()] == ["Old"]

    load("New\n", tmp_path)

    assert [root.name for root in tree.top_categories()] == ["Old", "New"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2 - Home\n3 - Home > > Lamps\n", "Line 2"),
        ("2 - Home\n" + "x" * 121 + "\n", "Line 2"),
        (" > ".join("abcdefgh" for _ in range(61)), "Line 1"),
        ("2 - Home\x1b[2J\n", "control characters"),
        ("# nothing\n\n", "no category"),
        ("", "no category"),
    ],
)
def test_a_file_that_is_no_taxonomy_is_refused_whole(tmp_path, db, text, why):
    make_category("Old")
    before = digest()

    with pytest.raises(CommandError, match=why):
        load(text, tmp_path)

    assert digest() == before


def test_a_file_that_is_no_text_or_not_there_is_refused(tmp_path, db):
    (tmp_path / "x.bin").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CommandError, match="UTF-8"):
        run(tmp_path / "x.bin")
    with pytest.raises(CommandError, match="can't be read"):
        run(tmp_path / "missing.txt")


def test_lines_read_as_paths_with_or_without_numbers():
    lines = taxonomy.read(["\n", "# x", "12 - A > B", "3D Printers", "5 -  A"])

    assert [(line.google_id, line.path) for line in lines] == [
        (12, ("A", "B")), (None, ("3D Printers",)), (5, ("A",)),
    ]  # fmt: skip
