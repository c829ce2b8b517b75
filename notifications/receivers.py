"""Everything the market tells people, as a list. Each may be heard twice and writes once."""

from __future__ import annotations

from django.conf import settings
from django.urls import NoReverseMatch, reverse
from django.utils.timezone import localdate

from accounts.events import (
    BankAccountReplaced,
    ShopApplied,
    ShopOpened,
    ShopRefused,
    ShopSuspended,
)
from accounts.models import BankAccount, Shop, ShopMember, User
from marketflow.core.events import subscribe
from notifications.services import mailing
from orders.events import (
    OrderCancelled,
    OrderLinkAsked,
    OrderPaid,
    OrderPlaced,
    PayoutFailed,
    PayoutSent,
    RefundIssued,
    SellerOrderShipped,
)
from orders.models import Order, Payout, Refund, SellerOrder, Shipment
from orders.services import links

# --- orders


@subscribe(OrderPlaced)
def tell_the_buyer_that_the_order_is_placed(event: OrderPlaced) -> None:
    _write_to_the_buyer("order_placed", _order(event.order_id))


@subscribe(OrderPaid)
def tell_the_buyer_that_the_order_is_paid(event: OrderPaid) -> None:
    _write_to_the_buyer("order_paid", _order(event.order_id))


@subscribe(OrderPaid)
def tell_the_shops_what_to_send(event: OrderPaid) -> None:
    parts = SellerOrder.objects.with_contents().filter(order=event.order_id)
    for part in parts.order_by("pk"):
        seats = ShopMember.objects.with_duty("ship").filter(shop=part.shop_id)
        for seat in seats.filter(user__is_active=True).select_related("user"):
            mailing.write(
                recipient=seat.user.email,
                kind="order_to_ship",
                about=part.number,
                context={"part": part, "url": _where_sellers_see(part)},
            )


@subscribe(OrderCancelled)
def tell_the_buyer_that_the_time_to_pay_has_ended(event: OrderCancelled) -> None:
    if event.reason == Order.State.EXPIRED:
        _write_to_the_buyer("order_expired", _order(event.order_id))


@subscribe(SellerOrderShipped)
def tell_the_buyer_that_a_parcel_is_on_its_way(event: SellerOrderShipped) -> None:
    parcel = Shipment.objects.prefetch_related("lines__line").get(pk=event.shipment_id)
    part = SellerOrder.objects.select_related("order", "shop").get(pk=event.seller_order_id)
    more = {"part": part, "parcel": parcel, "is_complete": event.is_complete}
    _write_to_the_buyer("parcel_sent", part.order, about=str(parcel.uuid), **more)


@subscribe(RefundIssued)
def tell_the_buyer_that_a_payment_was_not_needed(event: RefundIssued) -> None:
    """It came too late, or twice; what shops refund is another matter."""
    if event.seller_order_id is not None:
        return
    refund = Refund.objects.select_related("payment").get(pk=event.refund_id)
    order = _order(event.order_id)
    more = {"refund": refund, "is_paid": order.paid_at is not None}
    _write_to_the_buyer("payment_returned", order, about=str(refund.uuid), **more)


@subscribe(OrderLinkAsked)
def send_the_link_to_an_order(event: OrderLinkAsked) -> None:
    _write_to_the_buyer("order_link", _order(event.order_id), about=event.asking)


# --- shops


@subscribe(ShopApplied)
def tell_the_owners_that_their_application_arrived(event: ShopApplied) -> None:
    shop = Shop.objects.get(pk=event.shop_id)
    owners = shop.memberships.filter(role=ShopMember.Role.OWNER).values_list("user_id", flat=True)
    _write_to_owners("shop_applied", shop, list(owners), moment=shop.applied_at.isoformat())


@subscribe(ShopOpened)
def tell_the_owners_that_their_shop_is_open(event: ShopOpened) -> None:
    _write_to_owners("shop_opened", Shop.objects.get(pk=event.shop_id), event.recipient_ids)


@subscribe(ShopRefused)
def tell_the_owners_what_to_change(event: ShopRefused) -> None:
    _write_to_owners("shop_refused", Shop.objects.get(pk=event.shop_id), event.recipient_ids)


@subscribe(ShopSuspended)
def tell_the_owners_that_their_shop_is_closed(event: ShopSuspended) -> None:
    _write_to_owners("shop_suspended", Shop.objects.get(pk=event.shop_id), event.recipient_ids)


# --- money


@subscribe(BankAccountReplaced)
def warn_of_a_new_bank_account(event: BankAccountReplaced) -> None:
    """Everybody who owns the shop, at the addresses of today and at those of the last account."""
    accounts = BankAccount.objects.select_related("shop", "added_by")
    account = accounts.get(pk=event.account_id)
    last = accounts.filter(pk=event.last_id).first()
    addresses = dict.fromkeys([*account.told, *(last.told if last else [])])
    for address in addresses:
        mailing.write(
            recipient=address,
            kind="bank_account_replaced",
            about=str(account.uuid),
            context={"account": account, "last": last},
        )


@subscribe(PayoutSent)
def tell_the_shop_that_money_is_on_its_way(event: PayoutSent) -> None:
    payout = Payout.objects.select_related("shop").get(pk=event.payout_id)
    _write_about_money("payout_sent", payout)


@subscribe(PayoutFailed)
def tell_the_shop_that_a_payout_failed(event: PayoutFailed) -> None:
    payout = Payout.objects.select_related("shop").get(pk=event.payout_id)
    _write_about_money("payout_failed", payout, state=event.state)


@subscribe(PayoutFailed)
def tell_staff_that_a_payout_failed(event: PayoutFailed) -> None:
    payout = Payout.objects.select_related("shop").get(pk=event.payout_id)
    url = settings.SITE_URL + reverse("admin:orders_payout_change", args=[payout.pk])
    mailing.write(
        recipient=settings.OPERATOR_EMAIL,
        kind="payout_failed_staff",
        about=f"{payout.uuid}:{event.state}",
        context={"payout": payout, "url": url},
    )


def _write_about_money(kind: str, payout: Payout, state: str = "") -> None:
    url = settings.SITE_URL + reverse("seller:orders_payout_change", args=[payout.pk])
    seats = ShopMember.objects.with_duty("money").filter(shop=payout.shop_id)
    for seat in seats.filter(user__is_active=True).select_related("user"):
        mailing.write(
            recipient=seat.user.email,
            kind=kind,
            about=f"{payout.uuid}:{state}",
            context={"payout": payout, "state": state, "url": url},
        )


def _order(order_id: int) -> Order:
    return Order.objects.with_contents().get(pk=order_id)


def _write_to_the_buyer(kind: str, order: Order, about: str = "", **more: object) -> None:
    mailing.write(
        recipient=order.email,
        kind=kind,
        about=about or order.number,
        context={"order": order, "url": links.link_to(order)} | more,
    )


def _write_to_owners(kind: str, shop: Shop, ids: list[int], moment: str = "") -> None:
    # A shop may open, be refused or closed again another day: that is another mail.
    about = f"{shop.pk}:{moment or localdate().isoformat()}"
    for owner in User.objects.filter(pk__in=ids, is_active=True):
        context = {"shop": shop, "owner": owner}
        mailing.write(recipient=owner.email, kind=kind, about=about, context=context)


def _where_sellers_see(part: SellerOrder) -> str:
    try:
        path = reverse("seller:orders_sellerorder_change", args=[part.pk])
    except NoReverseMatch:
        path = reverse("seller:index")
    return settings.SITE_URL + path
