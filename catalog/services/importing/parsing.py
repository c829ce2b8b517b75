"""What every format is to the reader: names of columns, keys of rows, products from rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from catalog.services.importing.drafts import ProductDraft
from catalog.services.importing.headers import header_word
from catalog.services.importing.reading import Notes, Reading
from catalog.services.importing.rows import Row


class Parser:
    """One per file being read. The columns' titles are known before the first row."""

    name: ClassVar[str]
    # From a title's letters to the name of the column; from that name to the draft's field.
    columns: ClassVar[Mapping[str, str]]
    fields: ClassVar[Mapping[str, str]]
    # Without one of each group the file can't be of this format.
    required: ClassVar[Sequence[frozenset[str]]]
    # Columns that no other format has, for `--format auto`.
    telling: ClassVar[frozenset[str]]
    # Whether the rows must be seen once before their keys are known.
    learns: ClassVar[bool] = False

    def __init__(self, titles: Iterable[str]) -> None:
        self.titles = list(titles)
        self.has = frozenset(name for title in self.titles if (name := self.name_of(title)))

    @classmethod
    def name_of(cls, title: str) -> str | None:
        return cls.columns.get(header_word(title))

    @classmethod
    def score(cls, titles: Sequence[str]) -> int:
        """How sure it is that these titles are this format's; 0 is no."""
        has = {name for title in titles if (name := cls.name_of(title))}
        if not all(has & group for group in cls.required):
            return 0
        return len(has & cls.telling) and len(has)

    @classmethod
    def missing(cls, titles: Sequence[str]) -> list[str]:
        has = {name for title in titles if (name := cls.name_of(title))}
        return [" / ".join(sorted(group)) for group in cls.required if not has & group]

    def field_names(self) -> frozenset[str]:
        return frozenset(self.fields[name] for name in self.has if name in self.fields)

    @property
    def repairs(self) -> bool:
        """Whether texts that were encoded twice are to be decoded twice."""
        return True

    def unread(self) -> list[str]:
        """Titles that look like columns of this format in a language that isn't known."""
        return []

    def learn(self, row: Row) -> None:
        """First look at each row, if `learns`."""

    def key_of(self, row: Row) -> str:
        raise NotImplementedError

    def product(
        self, key: str, rows: list[Row], reading: Reading, notes: Notes
    ) -> ProductDraft | None:
        """The product of these rows, or None; why not, and every remark, goes into `notes`."""
        raise NotImplementedError


class Keys:
    """Hands out distinct keys in the order of the file, and remembers those that had to differ."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._other: dict[int, str] = {}

    def give(self, record: int, *wishes: str) -> str:
        """The first wish that is free; else the first with a number behind it."""
        key = next((wish for wish in wishes if wish and wish not in self._taken), "")
        if not key:
            base = next((wish for wish in wishes if wish), f"?{record}")
            number = 2
            while f"{base}-{number}" in self._taken:
                number += 1
            key = f"{base}-{number}" if base in self._taken else base
        self._taken.add(key)
        if key != next(iter(wishes), ""):
            self._other[record] = key
        return key

    def of(self, record: int, *wishes: str) -> str:
        """The key that `give` gave."""
        return self._other.get(record) or wishes[0]
