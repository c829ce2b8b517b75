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
    DisputeAnswered,
    DisputeClosed,
    DisputeOpened,
    OrderCancelled,
    OrderLinkAsked,
    OrderPaid,
    OrderPlaced,
    PayoutFailed,
    PayoutSent,
    RefundIssued,
    ReturnAnswered,
    ReturnRequested,
    SellerOrderCancelled,
    SellerOrderShipped,
)
from orders.models import (
    Dispute,
    Order,
    OrderLine,
    Payout,
    Refund,
    Return,
    SellerOrder,
    Shipment,
)
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
        _write_to_the_shop("order_to_ship", part, "ship")


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


@subscribe(OrderCancelled)
def confirm_to_the_buyer_that_it_is_cancelled(event: OrderCancelled) -> None:
    order = _order(event.order_id)
    # What was never paid costs nobody anything: no mail about it.
    if event.reason == Order.State.CANCELLED and order.paid_at:
        _write_to_the_buyer("order_cancelled", order)


@subscribe(OrderCancelled)
def tell_the_shops_what_not_to_send(event: OrderCancelled) -> None:
    order = _order(event.order_id)
    if event.reason == Order.State.CANCELLED and order.paid_at:
        for part in order.seller_orders.filter(shop__in=event.shop_ids).order_by("pk"):
            _write_to_the_shop("part_called_off", part, "ship")


@subscribe(SellerOrderCancelled)
def tell_the_buyer_what_a_shop_does_not_send(event: SellerOrderCancelled) -> None:
    part = _part(event.seller_order_id)
    lines = {line.pk: line for line in part.lines.all()}
    units = [(units, lines[pk]) for pk, units in event.lines]
    more = {"part": part, "units": units}
    _write_to_the_buyer("part_cancelled", part.order, about=event.cancellation_id, **more)


@subscribe(RefundIssued)
def tell_the_buyer_that_money_is_on_its_way_back(event: RefundIssued) -> None:
    refund = Refund.objects.select_related("seller_order__shop").get(pk=event.refund_id)
    # A payment that was not needed has a mail of its own, and a bank tells its own client.
    if refund.seller_order is None or not refund.amount_minor or _is_of_a_bank(refund):
        return
    more = {"refund": refund, "part": refund.seller_order}
    about = str(refund.uuid)
    _write_to_the_buyer("refund_issued", _order(event.order_id), about=about, **more)


@subscribe(ReturnRequested)
def tell_the_shop_that_a_return_waits_for_an_answer(event: ReturnRequested) -> None:
    parcel = Return.objects.with_contents().get(pk=event.return_id)
    url = settings.SITE_URL + reverse("seller:orders_return_change", args=[parcel.pk])
    more = {"parcel": parcel, "units": _units(parcel), "url": url}
    about = str(parcel.uuid)
    _write_to_the_shop("return_requested", parcel.seller_order, "refund", about=about, **more)


@subscribe(ReturnAnswered)
def tell_the_buyer_what_the_shop_says_to_a_return(event: ReturnAnswered) -> None:
    parcel = Return.objects.with_contents().get(pk=event.return_id)
    part = parcel.seller_order
    more = {"part": part, "parcel": parcel, "units": _units(parcel)}
    more["is_approved"] = event.is_approved
    _write_to_the_buyer("return_answered", part.order, about=str(parcel.uuid), **more)


@subscribe(DisputeOpened)
def tell_both_sides_of_a_dispute(event: DisputeOpened) -> None:
    _write_to_both("dispute_opened", event.dispute_id)


@subscribe(DisputeAnswered)
def tell_both_sides_what_the_shop_says(event: DisputeAnswered) -> None:
    _write_to_both("dispute_answered", event.dispute_id)


@subscribe(DisputeClosed)
def tell_both_sides_how_it_ended(event: DisputeClosed) -> None:
    _write_to_both("dispute_closed", event.dispute_id)


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


def _part(part_id: int) -> SellerOrder:
    return SellerOrder.objects.with_contents().get(pk=part_id)


def _units(parcel: Return) -> list[tuple[int, OrderLine]]:
    return [(row.quantity, row.line) for row in parcel.lines.all()]


def _is_of_a_bank(refund: Refund) -> bool:
    """Whether the buyer's own bank took it: then the buyer hears it from there."""
    disputes = Dispute.objects.by(Dispute.Origin.PROVIDER).filter(
        seller_order=refund.seller_order, provider_reference=refund.provider_reference
    )
    return disputes.exists()


def _write_to_both(kind: str, dispute_id: int) -> None:
    """The shop, and the buyer of what no bank opened."""
    dispute = Dispute.objects.with_contents().get(pk=dispute_id)
    part, about = dispute.seller_order, str(dispute.uuid)
    url = settings.SITE_URL + reverse("seller:orders_dispute_change", args=[dispute.pk])
    more = {"dispute": dispute, "is_shop": True, "url": url}
    _write_to_the_shop(kind, part, "refund", about=about, **more)
    if dispute.origin == Dispute.Origin.BUYER:
        more = {"dispute": dispute, "part": part, "is_shop": False}
        _write_to_the_buyer(kind, part.order, about=about, **more)


def _write_to_the_shop(
    kind: str, part: SellerOrder, duty: str, about: str = "", **more: object
) -> None:
    seats = ShopMember.objects.with_duty(duty).filter(shop=part.shop_id)
    for seat in seats.filter(user__is_active=True).select_related("user"):
        mailing.write(
            recipient=seat.user.email,
            kind=kind,
            about=about or part.number,
            context={"part": part, "url": _where_sellers_see(part)} | more,
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
