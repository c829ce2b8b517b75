from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    Max,
    OuterRef,
    Prefetch,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Now

from accounts.models import Shop, ShopMember
from accounts.querysets import bought_by

# What a list of conversations may show alone; `mine` are those assigned to the reader.
LISTS = ("in_use", "unread", "orders", "mine", "archived")


class ConversationQuerySet(models.QuerySet):
    def managed_by(self, user, duty: str = "orders"):
        """Those in which `user` answers as a shop."""
        return self.filter(shop__in=_shops_of(user, duty))

    def visible_to(self, user):
        """One's own as a buyer, and those of one's shops. Staff read them elsewhere, logged."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        return self.filter(bought_by(user, "buyer") | Q(shop__in=_shops_of(user, "orders")))

    def with_unread(self, user):
        """With `unread`: what the other side wrote and nobody of the own side has read.

        Reckoned from messages and read marks alone, so there is nothing that could drift.
        """
        from chat.models import Message, Seat

        rows = self.annotate(
            own_side=Case(When(buyer=user, then=Value("buyer")), default=Value("shop"))
        )
        marks = Seat.objects.filter(conversation=OuterRef("pk"), side=OuterRef("own_side"))
        highest = marks.order_by().values("conversation").annotate(seq=Max("read_seq"))
        rows = rows.annotate(read_seq=Coalesce(Subquery(highest.values("seq")), 0))
        waiting = Message.objects.filter(
            conversation=OuterRef("pk"), seq__gt=OuterRef("read_seq"), deleted_at=None
        ).exclude(side=OuterRef("own_side"))
        counted = waiting.order_by().values("conversation").annotate(number=Count("pk"))
        number = Subquery(counted.values("number"), output_field=IntegerField())
        return rows.annotate(unread=Coalesce(number, 0))

    def unread(self, user):
        """Those of `user` with something new."""
        rows = self.visible_to(user).with_unread(user)
        return rows.filter(last_seq__gt=F("read_seq"), unread__gt=0)

    def unread_count(self, user) -> int:
        """How many messages wait for `user`, in all conversations and shops of theirs."""
        if not user.is_authenticated:
            return 0
        return sum(self.unread(user).order_by().values_list("unread", flat=True))

    def archived(self, user):
        """Those that `user` has put away, and in which nothing was said since."""
        return self.filter(_is_archived(user))

    def in_use(self, user):
        return self.exclude(_is_archived(user))

    def with_keeping(self, user):
        """With `is_archived` and `is_muted`: how `user` keeps them."""
        from chat.models import Seat

        muted = Seat.objects.filter(conversation=OuterRef("pk"), user=user, is_muted=True)
        return self.annotate(is_archived=_is_archived(user), is_muted=Exists(muted))

    def kept(self, user, how: str):
        """Those that a list called `how` shows: see `LISTS`. Needs `with_unread`."""
        match how:
            case "archived":
                return self.archived(user)
            case "unread":
                return self.filter(unread__gt=0)
            case "orders":
                return self.in_use(user).about_orders()
            case "mine":
                return self.in_use(user).filter(assigned_to=user)
        return self.in_use(user)

    def about_orders(self):
        from chat.models import Message

        return self.filter(
            Exists(Message.objects.filter(conversation=OuterRef("pk"), part__isnull=False))
        )

    def with_people(self):
        return self.select_related("buyer", "shop", "assigned_to")

    def with_names(self):
        """With what both sides are called, and nothing else of them."""
        return self.select_related("buyer", "shop").only(
            *(field.attname for field in self.model._meta.concrete_fields),
            *("buyer__name", "buyer__is_active", "shop__name"),
        )

    def for_writing(self):
        """With what a new message asks of its conversation, and the shop's desk: no more."""
        return self.select_related("buyer", "shop__desk").only(
            *(field.attname for field in self.model._meta.concrete_fields),
            *("buyer__name", "buyer__is_active", "shop__name", "shop__desk__shop"),
            *("shop__away_from", "shop__away_until", "shop__away_note"),
            *("shop__desk__away_message", "shop__desk__is_away"),
        )

    def for_lists(self):
        """With people, and `newest`: a list that holds the last message."""
        from chat.models import Message

        last = Message.objects.filter(seq=F("conversation__last_seq")).select_related("author")
        return self.with_people().prefetch_related(Prefetch("messages", last, to_attr="newest"))


def _shops_of(user, duty: str):
    """By their seats alone: the shops themselves need not be looked at."""
    return ShopMember.objects.held_by(user, duty).values("shop")


def _is_archived(user) -> Exists:
    from chat.models import Seat

    mine = Seat.objects.filter(conversation=OuterRef("pk"), user=user)
    return Exists(mine.filter(archived_seq__gte=OuterRef("last_seq")))


class SeatQuerySet(models.QuerySet):
    def looking(self):
        """Whose page is open and in front of them, as far as they said so in time."""
        return self.filter(_looks())

    def with_looking(self):
        """With `is_looking`: see `looking`."""
        return self.annotate(is_looking=_looks())


def changed_since(moment: datetime) -> Q:
    """Messages edited, taken back or answered since `moment`, a UTC time."""
    return (
        Q(edited_at__gte=moment) | Q(deleted_at__gte=moment) | Q(proposal__decided_at__gte=moment)
    )


def _looks() -> Q:
    return Q(seen_at__gt=Now() - timedelta(seconds=settings.PRESENCE_SECONDS))


class MessageQuerySet(models.QuerySet):
    def visible_to(self, user):
        from chat.models import Conversation

        return self.filter(conversation__in=Conversation.objects.visible_to(user))

    def after(self, seq: int):
        return self.filter(seq__gt=seq)

    def flagged(self):
        return self.exclude(flags="")

    def saying(self, text: str):
        """Those with every word of `text` in them."""
        found = self.filter(deleted_at=None)
        for word in text.split():
            found = found.filter(body__icontains=word)
        return found

    def with_contents(self):
        """Load what a page reads of a message."""
        return (
            self.with_files()
            .select_related(
                "conversation__buyer",
                "conversation__shop",
                "author",
                "part__order",
                "product",
                "proposal__part__order",
                "proposal__parcel",
                "proposal__refund",
            )
            .prefetch_related("product__images", "proposal__parcel__lines__line")
        )

    def for_frames(self):
        """Load what a frame reads of a message, beside its conversation."""
        return (
            self.with_files()
            .select_related("author", "part", "product", "proposal__part")
            .only(
                *(field.attname for field in self.model._meta.concrete_fields),
                *("author__name", "part__number", "product__slug"),
                *("proposal__message", "proposal__kind", "proposal__state"),
                *("proposal__part", "proposal__part__number"),
                *("proposal__amount_minor", "proposal__currency"),
            )
        )

    def with_files(self):
        """With `files`: the list of what is attached."""
        from chat.models import Attachment

        return self.prefetch_related(
            Prefetch("attachments", Attachment.objects.all(), to_attr="files")
        )


class AttachmentQuerySet(models.QuerySet):
    def visible_to(self, user):
        from chat.models import Message

        return self.filter(message__in=Message.objects.visible_to(user).filter(deleted_at=None))


class ProposalQuerySet(models.QuerySet):
    def visible_to(self, user):
        from chat.models import Message

        return self.filter(message__in=Message.objects.visible_to(user))

    def open(self):
        return self.filter(state="open")


class OfAShopQuerySet(models.QuerySet):
    def managed_by(self, user, duty: str = "orders"):
        return self.filter(shop__in=Shop.objects.managed_by(user, duty))


class ReportQuerySet(models.QuerySet):
    def open(self):
        return self.filter(closed_at=None)
