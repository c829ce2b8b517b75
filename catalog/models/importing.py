from __future__ import annotations

import uuid

from django.db import models
from django.utils.timezone import now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from catalog.querysets import ImportJobQuerySet, ImportRowQuerySet


class ImportJob(models.Model):
    """One run of one file into one shop: what it did, and what it takes to undo it."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        UNDONE = "undone", _("Undone")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    shop = models.ForeignKey("accounts.Shop", models.CASCADE, related_name="import_jobs")
    started_by = models.ForeignKey(
        "accounts.User", models.SET_NULL, null=True, blank=True, related_name="+"
    )
    file_name = models.CharField(_("file"), max_length=255)
    # Name in the private storage; blank where the file was read from disk.
    stored_as = models.CharField(max_length=255, blank=True)
    format = models.CharField(_("format"), max_length=20)
    is_dry_run = models.BooleanField(_("dry run"), default=False)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    failure = models.TextField(_("why it failed"), blank=True)
    # {"products": 20, "created": 3, "unchanged": 17, "skipped": 2, "errors": 1, …}
    counts = models.JSONField(_("counts"), default=dict)
    records_read = models.PositiveIntegerField(_("rows read"), default=0)
    created_at = models.DateTimeField(_("started"), default=now)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    objects = ImportJobQuerySet.as_manager()

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.file_name} ({self.state_in_words})"

    @property
    def state_in_words(self) -> str:
        """What came of it. "Done" would let a dry run pass for an import."""
        if self.is_dry_run and self.state == self.State.DONE:
            return gettext("Dry run, nothing changed")
        return self.get_state_display()


class ImportRow(models.Model):
    """What one product of the file, or one row that could not go in, came to."""

    class Outcome(models.TextChoices):
        CREATED = "created", _("New")
        UPDATED = "updated", _("Changed")
        UNCHANGED = "unchanged", _("Unchanged")
        WARNING = "warning", _("Warning")
        SKIPPED = "skipped", _("Skipped")
        ERROR = "error", _("Error")

    job = models.ForeignKey(ImportJob, models.CASCADE, related_name="rows")
    # The record of the file, the header being number 1.
    record = models.PositiveIntegerField(_("row"))
    # Where it begins in the file; cells with line breaks make lines run ahead of records.
    line = models.PositiveIntegerField(_("line"), default=0)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome)
    column = models.CharField(_("column"), max_length=120, blank=True)
    code = models.CharField(max_length=60, blank=True)
    message = models.TextField(_("message"), blank=True)
    product = models.ForeignKey(
        "catalog.Product", models.SET_NULL, null=True, blank=True, related_name="+"
    )
    handle = models.CharField(_("product"), max_length=255, blank=True)
    # What was done, in the shape of `services.importing.changes`. Undo puts the old values back.
    changes = models.JSONField(_("changes"), default=dict)

    objects = ImportRowQuerySet.as_manager()

    class Meta:
        verbose_name = _("import row")
        verbose_name_plural = _("import rows")
        ordering = ["record", "pk"]
        indexes = [models.Index(fields=["job", "outcome"], name="import_outcomes")]

    def __str__(self) -> str:
        return f"{self.record}: {self.get_outcome_display()}"

    @property
    def differences(self) -> list[list[str]]:
        """What was or would be changed, in words: (what, old, new)."""
        return self.changes.get("words", [])
