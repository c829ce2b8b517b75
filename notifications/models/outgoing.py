"""What leaves the house: a row first, written once, and sent until it is gone."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

# Longer than any server may take to answer: see EMAIL_TIMEOUT.
CLAIM = timedelta(minutes=5)
# After the first failure; then twice as long each time: nine gaps are a day and a half.
FIRST_GAP = timedelta(minutes=5)


class OutgoingQuerySet(models.QuerySet):
    def waiting(self):
        """Due, by the database's clock, and not given up."""
        most = self.model.MOST_ATTEMPTS
        return self.filter(sent_at=None, due_at__lte=Now(), attempts__lt=most)

    def given_up(self):
        """Dead letters: tried as often as is sensible. Staff may send them again."""
        return self.filter(sent_at=None, attempts__gte=self.model.MOST_ATTEMPTS)


class Outgoing(models.Model):
    """A row is claimed before it is sent, by moving its hour ahead: two workers never send one.

    A worker that dies in between leaves it to be tried again when that hour has come.
    """

    MOST_ATTEMPTS = 10

    created_at = models.DateTimeField(_("written"), default=now)
    due_at = models.DateTimeField(db_default=Now())
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    last_error = models.CharField(_("last error"), max_length=300, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)

    objects = OutgoingQuerySet.as_manager()

    class Meta:
        abstract = True

    @classmethod
    def claim(cls, pk: int) -> bool:
        """Whether it is the caller who sends it. Whoever comes second is told no."""
        waiting = cls.objects.waiting().filter(pk=pk)
        return bool(waiting.update(attempts=F("attempts") + 1, due_at=Now() + CLAIM))

    @property
    def is_given_up(self) -> bool:
        return self.sent_at is None and self.attempts >= self.MOST_ATTEMPTS

    def finish(self) -> None:
        type(self).objects.filter(pk=self.pk).update(sent_at=now(), last_error="")

    def postpone(
        self, problem: Exception | str, *, at_least: timedelta = timedelta()
    ) -> timedelta:
        """Try again later. After the last attempt it stays as a dead letter, with its error.

        Returns in how long.
        """
        gap = max(FIRST_GAP * 2 ** max(self.attempts - 1, 0), at_least)
        rows = type(self).objects.filter(pk=self.pk)
        rows.update(due_at=Now() + gap, last_error=str(problem)[:300])
        return gap

    def give_up(self, problem: str) -> None:
        """Make a dead letter of it at once: another try would end the same way."""
        rows = type(self).objects.filter(pk=self.pk)
        rows.update(attempts=self.MOST_ATTEMPTS, last_error=problem[:300])


def waiting_index(name: str) -> models.Index:
    return models.Index(fields=["due_at"], name=name, condition=Q(sent_at=None))
