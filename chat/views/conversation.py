"""One conversation: reading it, writing in it, beginning it."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import uuid4

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render, resolve_url
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Shop
from accounts.pages import see_other, too_many
from catalog.models import Product
from catalog.services.pictures import keeping
from chat.forms import CancelForm, MessageForm, OfferForm, ParcelForm, ReturnForm
from chat.models import Conversation, Message, QuickReply, Seat, Side
from chat.services import contact_details, filing, messaging, reading, writing
from chat.views.finding import in_conversation, number_in, own, part_of, parts_of, product_of
from marketflow.core import rate_limits
from marketflow.core.errors import Refusal
from orders.models import SellerOrder
from orders.services import returns

A_PAGE = 50
MOST_PARTS = 5
NEWS = ("seq", "before", "after")
READS_AND_WRITES = ["GET", "HEAD", "POST"]


@require_http_methods(READS_AND_WRITES)
@in_conversation
def conversation(request: HttpRequest, conversation: Conversation) -> HttpResponse:
    if request.method == "POST":
        return _send(request, conversation)
    pins = {name: request.GET[name] for name in ("product", "order") if request.GET.get(name)}
    return show(request, conversation, form=MessageForm(initial=pins))


@require_safe
@in_conversation
def news(request: HttpRequest, conversation: Conversation) -> HttpResponse:
    """What is `after` or `before` a number, or how `seq` stands: for the open page to put in."""
    asked = {name: number_in(request.GET[name]) for name in NEWS if name in request.GET}
    rows = conversation.messages.with_contents().order_by("seq")
    if "seq" in asked:
        rows = rows.filter(seq=asked["seq"])
    elif "before" in asked:
        rows = _page_before(conversation, asked["before"])
    else:
        rows = rows.after(asked.get("after", 0))[:A_PAGE]
    side = conversation.side_of(request.user)
    context = _rows(request, conversation, list(rows), side)
    return render(request, "chat/_messages.html", context)


@require_http_methods(READS_AND_WRITES)
@own
def new(request: HttpRequest) -> HttpResponse:
    """The first message to a shop, about a product or an order; a shop's first about an order."""
    values = request.POST if request.method == "POST" else request.GET
    part = _part(request, values.get("order", ""))
    if part and part.order.buyer_id != request.user.pk:
        shop, buyer = part.shop, part.order.buyer
    else:
        shop = part.shop if part else _shop(request, values.get("shop", ""))
        buyer = request.user
    known = Conversation.objects.visible_to(request.user).filter(shop=shop, buyer=buyer).first()
    if known:
        return _go_on(known, values)
    product = _product(shop, values.get("product", ""))
    form = MessageForm(request.POST or None, request.FILES or None, initial=values.dict())
    if request.method == "POST" and form.is_valid():
        message = _started(request, form, shop=shop, part=part, product=product)
        if message:
            return see_other(message.conversation)
    context = {"form": form, "shop": shop, "part": part, "product": product, "buyer": buyer}
    status = 422 if form.is_bound else 200
    return render(request, "chat/new.html", context, status=status)


@require_safe
def leave(request: HttpRequest) -> HttpResponse:
    """Where a link leads, before it does."""
    target = request.GET.get("to", "")
    if not target.startswith(("https://", "http://")) or len(target) > 2000:
        raise Http404
    return render(request, "chat/leave.html", {"target": target})


def show(
    request: HttpRequest, conversation: Conversation, *, form: MessageForm, status: int = 200
) -> HttpResponse:
    """The page of `conversation`. What it shows is read."""
    side = conversation.side_of(request.user)
    after_last = conversation.last_seq + 1
    before = min(number_in(request.GET.get("before", "")) or after_last, after_last)
    shown = _page_before(conversation, before)
    context = _rows(request, conversation, shown, side)
    # What is new is marked once more before it counts as read.
    context |= {
        "form": form,
        "older": shown[0].seq if shown and shown[0].seq > 1 else 0,
        "is_past": before < after_last,
        "closed": _why_closed(conversation, side),
        "is_blocked": conversation.is_blocked_by(side),
        "other": conversation.name_of(_other(side)),
        "is_here": reading.is_here(conversation, _other(side)),
        "replies": _replies(conversation) if side == Side.SHOP else [],
        "parts": _parts(request, conversation, side),
        "pinned": _pinned(conversation, form),
        "seat": Seat.objects.filter(conversation=conversation, user=request.user).first(),
        "colleagues": conversation.people(Side.SHOP) if side == Side.SHOP else [],
    }
    if shown and request.method == "GET":
        reading.read(conversation=conversation, reader=request.user, seq=shown[-1].seq)
    return render(request, "chat/conversation.html", context, status=status)


def _page_before(conversation: Conversation, seq: int) -> list[Message]:
    rows = conversation.messages.with_contents().filter(seq__lt=seq)
    return list(rows.order_by("-seq")[:A_PAGE])[::-1]


def _rows(
    request: HttpRequest, conversation: Conversation, rows: list[Message], side: Side
) -> dict[str, object]:
    _add_notices(request, rows)
    return {
        "conversation": conversation,
        "rows": rows,
        "side": side,
        "user": request.user,
        "read_by_other": reading.read_seq(conversation, _other(side)),
        "new_from": _first_new(conversation, rows, side),
    }


def _add_notices(request: HttpRequest, rows: list[Message]) -> None:
    """Who wrote what a rule flags is told so beside it, and nobody else is."""
    flagged = [row for row in rows if row.flags and row.author_id == request.user.pk]
    notices = contact_details.notices() if flagged else {}
    for row in flagged:
        found = [notices[kind] for kind in row.flags.split() if kind in notices]
        row.notices = list(dict.fromkeys(found))


def _first_new(conversation: Conversation, rows: list[Message], side: Side) -> int:
    """The first of `rows` that the other side wrote and nobody here has read; 0 for none."""
    read = reading.read_seq(conversation, side)
    return next((row.seq for row in rows if row.seq > read and row.side != side), 0)


def _send(request: HttpRequest, conversation: Conversation) -> HttpResponse:
    form = MessageForm(request.POST, request.FILES)
    if not form.is_valid():
        return show(request, conversation, form=form, status=422)
    values = form.cleaned_data
    try:
        message = _said(
            request,
            values,
            lambda files: messaging.post(
                conversation=conversation,
                author=request.user,
                product=product_of(conversation, values["product"]),
                part=part_of(conversation, values["order"]),
                files=files,
                **_words(values),
            ),
        )
    except rate_limits.TooMany as refusal:
        return too_many(request, refusal)
    except Refusal as refusal:
        form.add_error("body", _(str(refusal.message)))
        return show(request, conversation, form=form, status=422)
    return see_other(f"{conversation.get_absolute_url()}#m{message.seq}")


def _started(request: HttpRequest, form: MessageForm, *, shop, part, product) -> Message | None:
    values = form.cleaned_data
    try:
        return _said(
            request,
            values,
            lambda files: _begin(request, shop, part, product, files, _words(values)),
        )
    except Refusal as refusal:
        form.add_error("body", _(str(refusal.message)))
        return None


def _begin(request: HttpRequest, shop, part, product, files, words) -> Message:
    if part and part.order.buyer_id != request.user.pk:
        return messaging.start_as_shop(part=part, author=request.user, files=files, **words)
    return messaging.start_as_buyer(
        buyer=request.user, shop=shop, part=part, product=product, files=files, **words
    )


def _said(request: HttpRequest, values: dict, say) -> Message:
    """Take the files in, outside of any transaction, then say it; what is refused leaves none."""
    who = f"user:{request.user.pk}"
    rate_limits.count("message", who)
    if values["files"]:
        rate_limits.count("upload", who)
    if len(values["files"]) > Message.MOST_FILES:
        raise messaging.TooManyFiles(most=Message.MOST_FILES)
    files = filing.take(values["files"])
    try:
        message = say(files)
    except BaseException:
        keeping.forget(files)
        raise
    # Sent twice: the message that is there has its own.
    keeping.forget(file for file in files if file.pk is None)
    return message


def _words(values: dict) -> dict[str, object]:
    return {"body": values["body"], "client_id": values["client_id"] or uuid4()}


def _part(request: HttpRequest, number: str) -> SellerOrder | None:
    if not number:
        return None
    parts = SellerOrder.objects.visible_to(request.user).select_related("order__buyer", "shop")
    return get_object_or_404(parts, number=number)


def _shop(request: HttpRequest, slug: str) -> Shop:
    return get_object_or_404(Shop.objects.visible_to(request.user), slug=slug)


def _product(shop: Shop, slug: str) -> Product | None:
    return Product.objects.published().filter(shop=shop, slug=slug).first() if slug else None


def _go_on(conversation: Conversation, values) -> HttpResponse:
    pins = {name: values[name] for name in ("product", "order") if values.get(name)}
    query = f"?{urlencode(pins)}" if pins else ""
    return see_other(f"{resolve_url(conversation)}{query}#write")


def _why_closed(conversation: Conversation, side: Side) -> str:
    try:
        writing.require_open(conversation, side)
    except Refusal as refusal:
        return _(str(refusal.message))
    return ""


def _other(side: Side) -> Side:
    return Side.SHOP if side == Side.BUYER else Side.BUYER


def _replies(conversation: Conversation) -> list[QuickReply]:
    return list(QuickReply.objects.filter(shop=conversation.shop_id))


def _parts(
    request: HttpRequest, conversation: Conversation, side: Side
) -> list[dict[str, object]]:
    """The orders of the two, with what this side may do about each."""
    parts = parts_of(conversation).prefetch_related("shipments", "returns__lines")[:MOST_PARTS]
    if side == Side.BUYER:
        return [_for_buyer(part) for part in parts]
    duties = _duties(request, conversation)
    return [_for_shop(part, duties) for part in parts]


def _duties(request: HttpRequest, conversation: Conversation) -> set[str]:
    shops = Shop.objects.filter(pk=conversation.shop_id)
    return {duty for duty in ("refund", "ship") if shops.managed_by(request.user, duty).exists()}


def _for_shop(part: SellerOrder, duties: set[str]) -> dict[str, object]:
    can_offer = "refund" in duties and part.order.paid_at and part.refundable.amount
    can_send = "ship" in duties and part.state == SellerOrder.State.PAID
    return {
        "part": part,
        "offer": OfferForm(auto_id=f"%s-{part.pk}") if can_offer else None,
        "parcel": ParcelForm(auto_id=f"%s-{part.pk}") if can_send else None,
    }


def _for_buyer(part: SellerOrder) -> dict[str, object]:
    is_sent = any(line.shipped > line.returned for line in part.lines.all())
    ids = f"%s-{part.pk}"
    form = ReturnForm(part=part, auto_id=ids) if is_sent and returns.returnable(part) else None
    return {
        "part": part,
        "cancel": CancelForm(auto_id=ids) if part.state == SellerOrder.State.PAID else None,
        "send_back": form,
        "can_confirm": part.state in ("shipped", "delivered"),
    }


def _pinned(conversation: Conversation, form: MessageForm) -> dict[str, object]:
    return {
        "product": product_of(conversation, form["product"].value() or ""),
        "part": part_of(conversation, form["order"].value() or ""),
    }
