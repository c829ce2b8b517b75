"""A diagnosis: what is wrong, who suffers from it, and what heals it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

# Until then beat and the relay are expected to see to it themselves.
PATIENCE = timedelta(minutes=2)


@dataclass(frozen=True)
class Case:
    """One sufferer: its primary key, and words by which a person finds it."""

    pk: int
    words: str


@dataclass(frozen=True)
class Diagnosis:
    """`name` is stable, `find` names every sufferer, `heal` takes one's primary key.

    Without `heal` a person has to decide, and `title` says what. Healing is safe to repeat, and
    does nothing to who has recovered in the meantime.
    """

    name: str
    title: str
    find: Callable[[], Iterable[Case]]
    heal: Callable[[int], object] | None = None
