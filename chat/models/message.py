from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from chat.models.conversation import Conversation, Side
from chat.querysets import AttachmentQuerySet, MessageQuerySet


class Message(models.Model):
    """What one side said. Numbered 1, 2, 3 … in its conversation: a gap means "fetch"."""

    LONGEST = 2000
    MOST_FILES = 5

    class Kind(models.TextChoices):
        TEXT = "text", gettext_lazy("Message")
        AWAY = "away", gettext_lazy("Automatic answer")
        PROPOSAL = "proposal", gettext_lazy("Proposal")
        # What became of a proposal, a parcel that left, goods that arrived.
        EVENT = "event", gettext_lazy("Event")

    uuid = models.UUIDField(unique=True, default=uuid4, editable=False)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="messages")
    seq = models.PositiveIntegerField()
    # Made by the sender: the same one again is the same message.
    client_id = models.UUIDField(default=uuid4)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.TEXT)
    side = models.CharField(max_length=5, choices=Side)
    # None for what a shop's desk answers by itself.
    author = models.ForeignKey(
        "accounts.User", models.PROTECT, null=True, blank=True, related_name="+"
    )
    body = models.TextField(gettext_lazy("text"), blank=True)
    # What it is about.
    part = models.ForeignKey(
        "orders.SellerOrder", models.PROTECT, null=True, blank=True, related_name="messages"
    )
    product = models.ForeignKey(
        "catalog.Product", models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # What the rules for contact details found in it, as words with spaces between.
    flags = models.CharField(gettext_lazy("flagged for"), max_length=60, blank=True)
    created_at = models.DateTimeField(gettext_lazy("sent"), default=now)
    edited_at = models.DateTimeField(gettext_lazy("edited"), null=True, blank=True)
    # The row and its number stay; text and files are gone.
    deleted_at = models.DateTimeField(gettext_lazy("deleted"), null=True, blank=True)

    # Of what `post` returns: whether it was there before.
    is_repeated = False

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("message")
        verbose_name_plural = gettext_lazy("messages")
        ordering = ["conversation_id", "seq"]
        constraints = [
            models.UniqueConstraint(fields=["conversation", "seq"], name="one_message_per_number"),
            models.UniqueConstraint(
                fields=["conversation", "author", "client_id"], name="message_sent_once"
            ),
            models.CheckConstraint(
                condition=Q(seq__gte=1, side__in=Side.values), name="message_of_a_side"
            ),
        ]
        indexes = [
            models.Index(fields=["part", "created_at"], name="messages_about_a_part"),
            models.Index(fields=["-created_at"], name="flagged_messages", condition=~Q(flags="")),
        ]

    def __str__(self) -> str:
        return f"{self.conversation_id}/{self.seq}"

    @property
    def author_name(self) -> str:
        """Whom the other side reads: the shop, not the member who wrote for it."""
        return self.conversation.name_of(self.side)

    @property
    def member_name(self) -> str:
        """Who of the shop wrote it: for colleagues only."""
        if self.side == Side.BUYER or self.author is None:
            return ""
        return self.author.name or _("Somebody who left")

    @property
    def is_editable(self) -> bool:
        """Whether its author may still change it, by this process's clock: `edit` decides."""
        window = timedelta(minutes=settings.MESSAGE_EDIT_MINUTES)
        is_own_text = self.kind == self.Kind.TEXT and self.deleted_at is None
        return is_own_text and now() - self.created_at < window


class Attachment(models.Model):
    """A file of a message. Never served by address: only the two sides get it."""

    class Kind(models.TextChoices):
        PICTURE = "picture", gettext_lazy("Picture")
        PDF = "pdf", gettext_lazy("PDF")

    uuid = models.UUIDField(unique=True, default=uuid4, editable=False)
    message = models.ForeignKey(Message, models.CASCADE, related_name="attachments")
    kind = models.CharField(max_length=7, choices=Kind)
    # In the private storage, under a name of ours.
    file = models.CharField(max_length=200)
    # As the sender called it: shown, never used as a path.
    name = models.CharField(max_length=120)
    bytes = models.PositiveIntegerField()
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name
