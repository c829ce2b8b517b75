"""What is kept about a person, as files: each app names its own by `@personal`.

    @personal("orders")
    def orders_of(user): ...

in its module `personal`, which is loaded at start-up.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core.files import File
from django.core.files.storage import storages
from django.db import transaction
from django.db.models.functions import Now
from rest_framework.renderers import JSONRenderer

from accounts.models import DataExport, User
from accounts.tasks import make_data_export

Source = Callable[[User], Any]
ONCE_IN = timedelta(hours=24)

_sources: dict[str, Source] = {}


def personal(name: str) -> Callable[[Source], Source]:
    """Register what the function returns of a person, JSON-able, as `<name>.json`."""

    def register(source: Source) -> Source:
        _sources[name] = source
        return source

    return register


def names() -> list[str]:
    return sorted(_sources)


@transaction.atomic
def request_export(*, user: User) -> DataExport:
    """A file of all that is kept about `user`, made after the answer. Once in 24 hours: asked
    again, the last one. Locks the person."""
    User.objects.select_for_update().get(pk=user.pk)
    recent = user.data_exports.filter(requested_at__gt=Now() - ONCE_IN).first()
    if recent is not None:
        return recent
    export = DataExport.objects.create(user=user)
    transaction.on_commit(lambda: make_data_export.delay(export.pk), robust=True)
    return export


def make(export: DataExport) -> None:
    """Write the file. Made twice, the first stays."""
    if export.ready_at is not None:
        return
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in names():
                content = JSONRenderer().render(
                    _sources[name](export.user), renderer_context={"indent": 2}
                )
                archive.writestr(f"{name}.json", content)
        file.seek(0)
        stored_as = storages["private"].save(f"exports/{export.uuid}.zip", File(file))
    waiting = DataExport.objects.filter(pk=export.pk, ready_at=None)
    if not waiting.update(ready_at=Now(), stored_as=stored_as):
        storages["private"].delete(stored_as)


def forget_old() -> int:
    """Delete files older than a week, with their rows. Returns how many."""
    old = DataExport.objects.old()
    for export in old:
        forget(export)
    return len(old)


def forget(export: DataExport) -> None:
    if export.stored_as:
        storages["private"].delete(export.stored_as)
    export.delete()
