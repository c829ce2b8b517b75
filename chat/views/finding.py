"""What a page of the chat may touch: all of it starts at what the visitor may see."""

from __future__ import annotations

import uuid as uuids
from functools import wraps

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from catalog.models import Product
from chat.models import Conversation, Message
from marketflow.core.private_pages import View, private
from orders.models import SellerOrder


def own(view: View) -> View:
    """For people who are signed in, about themselves."""
    return private(login_required(view))


def in_conversation(view: View) -> View:
    """Hand the view the conversation of the address, if the visitor is of one of its sides."""

    @own
    @wraps(view)
    def found(request: HttpRequest, uuid: uuids.UUID, *args, **kwargs) -> HttpResponse:
        rows = Conversation.objects.visible_to(request.user).with_people()
        return view(request, get_object_or_404(rows, uuid=uuid), *args, **kwargs)

    return found


def own_message(request: HttpRequest, conversation: Conversation, seq: int) -> Message:
    rows = conversation.messages.select_related("conversation__buyer", "conversation__shop")
    return get_object_or_404(rows, seq=seq, author=request.user)


def parts_of(conversation: Conversation):
    """What this buyer ordered of this shop, newest first."""
    parts = SellerOrder.objects.filter(
        shop=conversation.shop_id, order__buyer=conversation.buyer_id
    )
    return parts.select_related("order", "shop").prefetch_related("lines").order_by("-pk")


def part_of(conversation: Conversation, number: str) -> SellerOrder | None:
    return parts_of(conversation).filter(number=number).first() if number else None


def product_of(conversation: Conversation, slug: str) -> Product | None:
    products = Product.objects.published().filter(shop=conversation.shop_id)
    return products.filter(slug=slug).first() if slug else None


def number_in(text: str) -> int:
    """The number that an address names; 0 for what is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
