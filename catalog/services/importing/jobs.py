"""Running a file into a shop, from the command line or as a job that pages watch.

A run reads the file twice. The first pass only checks it: a file that breaks off, or is in no
format that is known, is refused before anything is written. The second imports in batches, each
a transaction of its own, so that a long run holds no lock for long. A run that dies between two
batches leaves whole products only, and running the file again does the rest.

A product is recognised by the shop and its handle, a variant by its SKU or its options. A file
never reaches another shop, never deletes, and run again it changes nothing.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from pathlib import Path

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import storages
from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.models import Shop, User
from catalog.events import ImportFinished
from catalog.models import ImportJob, ImportRow
from catalog.services.importing import reports
from catalog.services.importing.apply import Batch, Done
from catalog.services.importing.catalogue import Catalogue
from catalog.services.importing.categories import Categories
from catalog.services.importing.drafts import ProductDraft, RowIssue, Severity
from catalog.services.importing.errors import FileRefused, FileTooLarge
from catalog.services.importing.formats import AUTO, open_catalogue
from catalog.services.importing.matching import known
from catalog.services.importing.planning import Planner
from catalog.services.importing.reports import Listener, Silence, count
from catalog.services.importing.undoing import NotUndoable, Undone, undo
from marketflow.core.events import publish

__all__ = [
    "MOST_ROWS_ON_PAGE",
    "NotUndoable",
    "Undone",
    "accept",
    "confirm",
    "give_up_on_lost",
    "run",
    "run_job",
    "undo",
]

MOST_ROWS_ON_PAGE = 5000
PRODUCTS_PER_BATCH = 50
# A worker is stopped after ten minutes; what runs for longer has lost its worker.
LOST_AFTER = timedelta(minutes=30)

State = ImportJob.State


def run(
    path: Path,
    *,
    shop: Shop,
    format: str = AUTO,
    dry_run: bool = False,
    started_by: User | None = None,
    listener: Listener | None = None,
) -> ImportJob:
    """Import the file at `path` now. Raises FileRefused; then nothing has been written.

    A dry run writes nothing at all: the job it returns is in memory only.
    """
    catalogue = _checked(path, format)
    job = ImportJob(
        shop=shop,
        started_by=started_by,
        file_name=path.name[:255],
        format=catalogue.format,
        is_dry_run=dry_run,
        state=State.RUNNING,
    )
    if not dry_run:
        job.save()
    return _run(job, catalogue, listener or Silence())


def accept(
    *, shop: Shop, file: File, started_by: User, format: str = AUTO, dry_run: bool = True
) -> ImportJob:
    """Take a file that was handed in on a page, and run it after the commit.

    Raises FileRefused. In the embedded default the run is over when the commit returns.
    """
    if file.size > settings.IMPORT_MAX_BYTES:
        raise FileTooLarge(_("The file is too large."))
    job = ImportJob(
        shop=shop,
        started_by=started_by,
        file_name=Path(file.name or "").name[:255] or "import",
        is_dry_run=dry_run,
    )
    with _as_path(file) as path:
        catalogue = _checked(path, format)
        if catalogue.rows > MOST_ROWS_ON_PAGE:
            message = _("The file has more than %(most)d rows. Split it, or ask for help.")
            raise FileTooLarge(message % {"most": MOST_ROWS_ON_PAGE})
        job.format = catalogue.format
        job.counts = {"rows": catalogue.rows}
    file.seek(0)
    job.stored_as = storages["private"].save(f"imports/{job.uuid}", file)
    return _queue(job)


def confirm(job: ImportJob, *, started_by: User) -> ImportJob:
    """After a dry run: the same file for real, as a job of its own."""
    return _queue(
        ImportJob(
            shop=job.shop,
            started_by=started_by,
            file_name=job.file_name,
            stored_as=job.stored_as,
            format=job.format,
            counts={"rows": job.counts.get("rows", 0)},
        )
    )


@transaction.atomic
def _queue(job: ImportJob) -> ImportJob:
    job.save()
    transaction.on_commit(lambda: _wake(job.pk), robust=True)
    return job


def _wake(job_id: int) -> None:
    from catalog.tasks import run_import

    run_import.apply_async([job_id], retry=False)


def run_job(job_id: int) -> bool:
    """Run a waiting job. False where another worker has it. What fails is said on the job."""
    waiting = ImportJob.objects.filter(pk=job_id, state=State.WAITING)
    if not waiting.update(state=State.RUNNING):
        return False
    job = ImportJob.objects.select_related("shop").get(pk=job_id)
    try:
        with storages["private"].open(job.stored_as) as file, _as_path(file) as path:
            _run(job, _checked(path, job.format), Silence())
    except FileRefused as refusal:
        _finish(job, State.FAILED, failure=str(refusal.message))
    return True


def give_up_on_lost() -> int:
    """Mark jobs whose process died. Their whole products stay; running the file again goes on."""
    lost = ImportJob.objects.filter(state=State.RUNNING, created_at__lt=now() - LOST_AFTER)
    return lost.update(
        state=State.FAILED,
        failure=_("The run was interrupted. Start it again."),
        finished_at=now(),
    )


def _checked(path: Path, format: str) -> Catalogue:
    catalogue = open_catalogue(path, format=format, currency=settings.MARKETPLACE_CURRENCY)
    catalogue.check()
    return catalogue


def _run(job: ImportJob, catalogue: Catalogue, listener: Listener) -> ImportJob:
    try:
        _Run(job, catalogue, listener).all()
    except Exception:
        _finish(job, State.FAILED, failure=_("The import stopped unexpectedly."))
        raise
    return _finish(job, State.DONE)


@transaction.atomic
def _finish(job: ImportJob, state: str, failure: str = "") -> ImportJob:
    job.state, job.failure, job.finished_at = state, failure, now()
    if job.pk:
        job.save(update_fields=["state", "failure", "finished_at", "counts", "records_read"])
    if job.pk and job.started_by_id:  # From the command line, somebody watches anyway.
        publish(
            ImportFinished(job_id=job.pk, shop_id=job.shop_id, started_by_id=job.started_by_id)
        )
    return job


class _Run:
    """One pass over a checked file."""

    def __init__(self, job: ImportJob, catalogue: Catalogue, listener: Listener) -> None:
        self.job = job
        self.catalogue = catalogue
        self.listener = listener
        # Whoever runs the command runs the house; a seller finds the tree as it is.
        self.categories = Categories(may_grow=job.started_by is None or job.started_by.is_staff)
        self.planner = Planner(catalogue.fields, self.categories)
        self.counts: Counter[str] = Counter(rows=catalogue.rows)

    def all(self) -> None:
        items = iter(self.catalogue)
        while batch := list(islice(items, PRODUCTS_PER_BATCH)):
            self._batch(batch)
        self._note_figures()

    def _batch(self, items: list[ProductDraft | RowIssue]) -> None:
        drafts = [item for item in items if isinstance(item, ProductDraft)]
        if self.job.is_dry_run:
            done = list(self._plans(drafts))
            rows = self._rows(items, done)
            ImportRow.objects.bulk_create(rows if self.job.pk else [])
        else:
            with transaction.atomic():
                done = list(self._carried_out(drafts))
                rows = self._rows(items, done)
                ImportRow.objects.bulk_create(rows)
        self._tell(items, done)

    def _plans(self, drafts: list[ProductDraft]) -> Iterator[Done]:
        before = known(self.job.shop, drafts)
        for draft in drafts:
            plan = self.planner.plan(draft, before)
            yield Done(plan, plan.outcome, plan.product)

    def _carried_out(self, drafts: list[ProductDraft]) -> Iterator[Done]:
        batch = Batch(self.job.shop, self.categories, key=f"import:{self.job.pk}")
        before = known(self.job.shop, drafts)
        for draft in drafts:
            yield batch.carry_out(self.planner.plan(draft, before))
        batch.finish()

    def _rows(self, items: list[ProductDraft | RowIssue], done: list[Done]) -> list[ImportRow]:
        rows = [reports.row_of_product(self.job, one) for one in done]
        for one in done:
            handle = one.plan.draft.key
            product = one.product
            rows += [
                reports.row_of_issue(self.job, issue, handle, product) for issue in one.plan.issues
            ]
        issues = [item for item in items if isinstance(item, RowIssue)]
        rows += [reports.row_of_issue(self.job, issue, "", None) for issue in issues]
        return [row for row in rows if row]

    def _tell(self, items: list[ProductDraft | RowIssue], done: list[Done]) -> None:
        """After the commit: nobody hears of what may still be undone."""
        outcomes = iter(done)
        for item in items:
            if isinstance(item, RowIssue):
                self._tell_issue(item)
                continue
            one = next(outcomes)
            count(self.counts, one)
            self.listener.product(one)
            for issue in one.plan.issues:
                self._tell_issue(issue, one.plan.draft.key)
        records = [item.record for item in items if isinstance(item, RowIssue)]
        records += [record for one in done for record in one.plan.draft.records]
        self.job.records_read = max([self.job.records_read, *(r - 1 for r in records)])
        self._note_figures()
        if self.job.pk:
            self.job.save(update_fields=["counts", "records_read"])
        self.listener.progress(self.job.records_read, self.counts["rows"])

    def _tell_issue(self, issue: RowIssue, handle: str = "") -> None:
        self.counts[reports.BY_SEVERITY[Severity(issue.severity)]] += 1
        self.listener.issue(issue, handle)

    def _note_figures(self) -> None:
        self.job.counts = {name: self.counts[name] for name in reports.COUNTED}


@contextmanager
def _as_path(file: File) -> Iterator[Path]:
    """The file on the local disk, where readers can seek, wherever the storage keeps it."""
    with tempfile.NamedTemporaryFile(prefix="marketflow-import-") as copy:
        file.seek(0)
        shutil.copyfileobj(file, copy)
        copy.flush()
        yield Path(copy.name)
