from __future__ import annotations

import re
from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import ShopMember, User
from chat.querysets import ConversationQuerySet, SeatQuerySet


class Side(models.TextChoices):
    BUYER = "buyer", gettext_lazy("Buyer")
    SHOP = "shop", gettext_lazy("Shop")


class Conversation(models.Model):
    """Everything that one buyer and one shop wrote to each other."""

    uuid = models.UUIDField(unique=True, default=uuid4, editable=False)
    buyer = models.ForeignKey(User, models.PROTECT, related_name="conversations")
    shop = models.ForeignKey("accounts.Shop", models.PROTECT, related_name="conversations")
    # The number of the newest message. Counted up under the lock of this row alone.
    last_seq = models.PositiveIntegerField(default=0)
    last_message_at = models.DateTimeField(gettext_lazy("last message"), default=now)
    started_at = models.DateTimeField(gettext_lazy("started"), default=now)
    # Since when one side wants to hear nothing of the other.
    blocked_by_buyer_at = models.DateTimeField(null=True, blank=True)
    blocked_by_shop_at = models.DateTimeField(null=True, blank=True)
    # Who of the shop answers; its other members are told nothing of it.
    assigned_to = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")

    objects = ConversationQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("conversation")
        verbose_name_plural = gettext_lazy("conversations")
        ordering = ["-last_message_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["buyer", "shop"], name="one_conversation_each"),
        ]
        indexes = [
            models.Index(fields=["buyer", "-last_message_at"], name="conversations_of_buyer"),
            models.Index(fields=["shop", "-last_message_at"], name="conversations_of_shop"),
        ]

    def __str__(self) -> str:
        return f"{self.buyer_name} · {self.shop}"

    def get_absolute_url(self) -> str:
        return reverse("chat:conversation", args=[self.uuid])

    @property
    def group(self) -> str:
        """Where its open pages are told of what happens."""
        return f"conversation.{self.pk}"

    @property
    def buyer_name(self) -> str:
        """What the shop reads: never an address."""
        if not self.buyer.is_active:
            return _("Somebody who left")
        return self.buyer.name or _("Buyer")

    @property
    def buyer_avatar(self) -> str:
        """The seed of a drawing with the buyer's initials. Their name is not in it: its address
        is kept by whoever likes to."""
        first, *others = re.findall(r"\w+", self.buyer_name) or [_("Buyer")]
        return "-".join([f"{first[0]}{self.uuid.hex}", *(word[0] for word in others[-1:])])

    @property
    def is_blocked(self) -> bool:
        return bool(self.blocked_by_buyer_at or self.blocked_by_shop_at)

    def side_of(self, user: User) -> Side:
        """Of somebody who may see it: who is not the buyer answers as the shop."""
        return Side.BUYER if user.pk == self.buyer_id else Side.SHOP

    def is_blocked_by(self, side: Side) -> bool:
        return bool(self.blocked_by_buyer_at if side == Side.BUYER else self.blocked_by_shop_at)

    def name_of(self, side: Side) -> str:
        return self.buyer_name if side == Side.BUYER else self.shop.name

    def people(self, side: Side) -> models.QuerySet[User]:
        """Who reads and answers on that side today."""
        if side == Side.BUYER:
            return User.objects.filter(pk=self.buyer_id, is_active=True)
        seats = ShopMember.objects.filter(shop=self.shop_id).with_duty("orders")
        members = User.objects.filter(pk__in=seats.values("user"), is_active=True)
        return members.exclude(pk=self.buyer_id)


class Seat(models.Model):
    """Somebody's place in a conversation: what they have read, when they looked last, and how
    they keep it."""

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="seats")
    user = models.ForeignKey(User, models.CASCADE, related_name="seats")
    side = models.CharField(max_length=5, choices=Side)
    read_seq = models.PositiveIntegerField(default=0)
    # By the database's clock. Null for somebody who has gone.
    seen_at = models.DateTimeField(null=True, blank=True)
    is_muted = models.BooleanField(default=False)
    # Put away with the message of this number: the next one brings it back.
    archived_seq = models.PositiveIntegerField(null=True, blank=True)

    objects = SeatQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conversation", "user"], name="one_seat_each"),
            models.CheckConstraint(condition=Q(side__in=Side.values), name="seat_on_a_side"),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.conversation_id}"

    @property
    def is_archived(self) -> bool:
        return self.archived_seq is not None and self.archived_seq >= self.conversation.last_seq
