"""Whether anything at all has changed: what tests of imports compare before and after."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager

from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

# What an import says about itself is not the business it is about.
DIARY = {"ImportJob", "ImportRow"}
WRITES = re.compile(r'(?:INSERT INTO|UPDATE|DELETE FROM) "?(\w+)"?')
DIARY_TABLES = {"catalog_importjob", "catalog_importrow"}


def digest(*, with_diary: bool = False, leaving_out: tuple[str, ...] = ()) -> str:
    """One text for every row of every table of the market."""
    state = hashlib.sha256()
    for model in sorted(apps.get_models(), key=lambda model: model._meta.label):
        if model._meta.app_label not in ("accounts", "catalog", "carts", "orders", "core"):
            continue
        if model.__name__ in DIARY and not with_diary:
            continue
        names = [f.attname for f in model._meta.concrete_fields if f.name not in leaving_out]
        for row in model._default_manager.order_by("pk").values_list(*names):
            state.update(f"{model.__name__}{row!r}\n".encode())
    return state.hexdigest()


@contextmanager
def writes() -> Iterator[list[str]]:
    """The names of the tables that are written within, those of the import's diary left out."""
    tables: list[str] = []
    with CaptureQueriesContext(connection) as queries:
        yield tables
    for query in queries:
        found = WRITES.match(query["sql"])
        if found and found[1] not in DIARY_TABLES:
            tables.append(found[1])
