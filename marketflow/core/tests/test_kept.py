from __future__ import annotations

from marketflow.core.kept import Kept


def test_the_part_asked_for_longest_ago_goes_first():
    kept = Kept(2)
    rendered = []

    def get(content: str) -> str:
        return kept.get(content, lambda: rendered.append(content) or content.upper())

    answers = [get(content) for content in ("a", "b", "a", "c", "a", "b")]

    assert answers == ["A", "B", "A", "C", "A", "B"]
    assert rendered == ["a", "b", "c", "b"]
