"""What the house finds by itself: stock that runs low or comes back, books that don't balance."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.timezone import localdate

from carts.models import BackInStockRequest
from carts.services import guest_waits, waiting_lines
from catalog.models import StockItem
from marketflow.core import invariants
from notifications.audiences import tell_staff, tell_those_who
from notifications.models import Mail, StockWatch
from notifications.services import delivery, mailing
from notifications.services.delivery import News

GUEST_ASKED, GUEST_BACK_IN_STOCK = "guest_asked", "guest_back_in_stock"
# What could not be sent by then is sent no more.
UNSENT_FOR = timedelta(days=7)


@transaction.atomic
def tell_next_in_line(stock_item_ids: Iterable[int] | None = None) -> int:
    """Tell those whose turn it is that what they wait for is back. Returns how many."""
    requests = waiting_lines.next_in_line(stock_item_ids)
    for request in requests:
        news = News(
            kind="back_in_stock",
            about=str(request.pk),
            page_args=(request.variant.product.slug,),
            facts={"title": str(request.variant)},
        )
        if request.user is None:
            _mail_to_a_guest(request, news)
        else:
            delivery.tell(user=request.user, news=news)
    return len(requests)


def _mail_to_a_guest(request: BackInStockRequest, news: News) -> None:
    mailing.write(
        recipient=request.email,
        kind=GUEST_BACK_IN_STOCK,
        about=news.about,
        context=news.mail_context,
        way_out=guest_waits.way_out(request),
    )


def ask_whose_mailbox_it_is(request_id: int, asking: str) -> None:
    """Send a guest the link that confirms their request, if it is still to be confirmed."""
    request = guest_waits.to_confirm(request_id)
    if request is not None:
        mailing.write(
            recipient=request.email,
            kind=GUEST_ASKED,
            about=asking,
            context={"title": str(request.variant), "url": guest_waits.link_to_confirm(request)},
            way_out=guest_waits.way_out(request),
        )


def forget_guests() -> int:
    """Drop requests that nobody confirmed, and mails about requests. Returns how many rows."""
    mails = Mail.objects.filter(kind__in=[GUEST_ASKED, GUEST_BACK_IN_STOCK])
    over = mails.filter(Q(sent_at__isnull=False) | Q(created_at__lt=Now() - UNSENT_FOR))
    return guest_waits.forget_unconfirmed() + over.delete()[0]


@transaction.atomic
def tell_what_runs_low(stock_item_ids: Iterable[int]) -> int:
    """Tell shops of these items that have become low, once for each time. Returns how many.

    An item is looked at for the first time without a word, low or not.
    """
    items = StockItem.objects.filter(pk__in=list(stock_item_ids)).order_by("pk")
    items = list(items.select_related("variant__product__shop"))
    watches = StockWatch.objects.in_bulk([item.pk for item in items])
    new = [
        StockWatch(stock_item=one, is_low=_is_low(one)) for one in items if one.pk not in watches
    ]
    StockWatch.objects.bulk_create(new, ignore_conflicts=True)
    known = [item for item in items if item.pk in watches]
    return sum(_look_again(item, watches[item.pk]) for item in known)


def _look_again(item: StockItem, watch: StockWatch) -> bool:
    is_low = _is_low(item)
    if is_low == watch.is_low:
        return False
    # A rival that looks at the same moment finds it changed already.
    changed = StockWatch.objects.filter(pk=item.pk, is_low=watch.is_low)
    is_news = changed.update(is_low=is_low, crossings=F("crossings") + int(is_low)) and is_low
    if is_news:
        news = News(
            kind="stock_low",
            about=f"{item.pk}:{watch.crossings + 1}",
            page_args=(item.variant.product_id,),
            facts={"title": str(item.variant), "left": item.available},
        )
        tell_those_who("stock", item.variant.product.shop_id, news)
    return bool(is_news)


def _is_low(item: StockItem) -> bool:
    return item.available <= item.variant.product.shop.low_stock_at


def prove_the_books() -> int:
    """Run the audit, and tell staff which facts are broken. Returns how many."""
    codes = sorted({found.invariant.code for found in invariants.prove() if found.rows})
    if codes:
        about = f"{localdate().isoformat()}:{','.join(codes)}"[:80]
        news = News(kind="audit_red", about=about, facts={"codes": ", ".join(codes)})
        tell_staff("core.view_auditentry", news)
    return len(codes)
