"""Everything the market tells people, as a list. Each may be heard twice and tells once.

What each kind says, and where it may be switched off: `kinds.py`. Who "the shop" is, and what
guests get instead of a list: `audiences.py`.
"""

from __future__ import annotations

from accounts.events import (
    AccountDeleted,
    BankAccountReplaced,
    ShopApplied,
    ShopOpened,
    ShopRefused,
    ShopSuspended,
)
from accounts.models import BankAccount, Shop, User
from carts.events import GuestAsked
from carts.services import price_watch
from catalog.events import ImportFinished, ProductChanged, ProductsPublished, StockChanged
from catalog.models import ImportJob
from chat.events import ConversationRead, ConversationReported, MessagePosted
from chat.models import Conversation, Side
from chat.services import reading, sorting
from marketflow.core.events import subscribe
from notifications import webhook_receivers  # noqa: F401 - programs are told there
from notifications.audiences import (
    amount,
    owners_of,
    tell_staff,
    tell_the_buyer,
    tell_the_owners,
    tell_the_shop,
    tell_those_who,
)
from notifications.kinds import KINDS
from notifications.models import Habits, Notification, Preference, PushSubscription
from notifications.services import counts, delivery, inbox, mailing, shop_news, watching
from notifications.services.delivery import News
from notifications.subjects import application_of, is_of_a_bank, order_of, part_of, units_of
from orders.events import (
    DisputeAnswered,
    DisputeClosed,
    DisputeOpened,
    OrderCancelled,
    OrderCompleted,
    OrderLinkAsked,
    OrderPaid,
    OrderPlaced,
    PayoutFailed,
    PayoutSent,
    RefundFailed,
    RefundIssued,
    ReturnAnswered,
    ReturnRequested,
    ReviewAnswered,
    ReviewPosted,
    ReviewReported,
    SellerOrderCancelled,
    SellerOrderDelivered,
    SellerOrderShipped,
)
from orders.models import Dispute, Order, Payout, Refund, Return, Review, SellerOrder, Shipment
from orders.services import links

# --- orders: the buyer


@subscribe(OrderPlaced)
def tell_the_buyer_that_the_order_is_placed(event: OrderPlaced) -> None:
    tell_the_buyer("order_placed", order_of(event.order_id))


@subscribe(OrderPaid)
def tell_the_buyer_that_the_order_is_paid(event: OrderPaid) -> None:
    tell_the_buyer("order_paid", order_of(event.order_id))


@subscribe(OrderCancelled)
def tell_the_buyer_that_the_time_to_pay_has_ended(event: OrderCancelled) -> None:
    if event.reason == Order.State.EXPIRED:
        tell_the_buyer("order_expired", order_of(event.order_id))


@subscribe(OrderCancelled)
def confirm_to_the_buyer_that_it_is_cancelled(event: OrderCancelled) -> None:
    order = order_of(event.order_id)
    # What was never paid costs nobody anything: no news.
    if event.reason == Order.State.CANCELLED and order.paid_at:
        tell_the_buyer("order_cancelled", order)


@subscribe(SellerOrderCancelled)
def tell_the_buyer_what_a_shop_does_not_send(event: SellerOrderCancelled) -> None:
    part = part_of(event.seller_order_id)
    lines = {line.pk: line for line in part.lines.all()}
    tell_the_buyer(
        "part_cancelled",
        part.order,
        about=event.cancellation_id,
        facts={"shop": part.shop.name},
        part=part,
        units=[(units, lines[pk]) for pk, units in event.lines],
    )


@subscribe(SellerOrderShipped)
def tell_the_buyer_that_a_parcel_is_on_its_way(event: SellerOrderShipped) -> None:
    parcel = Shipment.objects.prefetch_related("lines__line").get(pk=event.shipment_id)
    part = part_of(event.seller_order_id)
    tell_the_buyer(
        "parcel_sent",
        part.order,
        about=str(parcel.uuid),
        facts={"shop": part.shop.name},
        part=part,
        parcel=parcel,
        is_complete=event.is_complete,
    )


@subscribe(SellerOrderDelivered)
def tell_the_buyer_that_it_is_there(event: SellerOrderDelivered) -> None:
    part = part_of(event.seller_order_id)
    if part.order.buyer_id is not None:  # A guest has no list, and stands before the parcel.
        facts = {"shop": part.shop.name}
        tell_the_buyer("parcel_delivered", part.order, about=part.number, facts=facts, part=part)


@subscribe(RefundIssued)
def tell_the_buyer_that_a_payment_was_not_needed(event: RefundIssued) -> None:
    """It came too late, or twice; what shops refund is another matter."""
    if event.seller_order_id is not None:
        return
    refund = Refund.objects.select_related("payment").get(pk=event.refund_id)
    order = order_of(event.order_id)
    tell_the_buyer(
        "payment_returned",
        order,
        about=str(refund.uuid),
        facts=amount(refund.amount),
        refund=refund,
        is_paid=order.paid_at is not None,
    )


@subscribe(RefundIssued)
def tell_the_buyer_that_money_is_on_its_way_back(event: RefundIssued) -> None:
    refund = Refund.objects.select_related("seller_order__shop").get(pk=event.refund_id)
    # A payment that was not needed is news of its own, and a bank tells its own client.
    if refund.seller_order is None or not refund.amount_minor or is_of_a_bank(refund):
        return
    tell_the_buyer(
        "refund_issued",
        order_of(event.order_id),
        about=str(refund.uuid),
        facts=amount(refund.amount),
        refund=refund,
        part=refund.seller_order,
    )


@subscribe(ReturnAnswered)
def tell_the_buyer_what_the_shop_says_to_a_return(event: ReturnAnswered) -> None:
    parcel = Return.objects.with_contents().get(pk=event.return_id)
    part = parcel.seller_order
    tell_the_buyer(
        "return_answered",
        part.order,
        about=str(parcel.uuid),
        facts={"shop": part.shop.name},
        part=part,
        parcel=parcel,
        units=units_of(parcel),
        is_approved=event.is_approved,
    )


@subscribe(OrderLinkAsked)
def send_the_link_to_an_order(event: OrderLinkAsked) -> None:
    """Asked for by who holds the mailbox: a mail, and no news."""
    order = order_of(event.order_id)
    mailing.write(
        recipient=order.email,
        kind="order_link",
        about=event.asking,
        context={"order": order, "url": links.link_to(order)},
    )


# --- orders: the shop


@subscribe(OrderPaid)
def tell_the_shops_what_to_send(event: OrderPaid) -> None:
    parts = SellerOrder.objects.with_lines().filter(order=event.order_id)
    for part in parts.order_by("pk"):
        tell_the_shop("order_to_ship", part, "ship", facts={"place": part.order.city})


@subscribe(OrderCancelled)
def tell_the_shops_what_not_to_send(event: OrderCancelled) -> None:
    order = order_of(event.order_id)
    if event.reason == Order.State.CANCELLED and order.paid_at:
        for part in order.seller_orders.filter(shop__in=event.shop_ids).order_by("pk"):
            tell_the_shop("part_called_off", part, "ship")


@subscribe(ReturnRequested)
def tell_the_shop_that_a_return_waits_for_an_answer(event: ReturnRequested) -> None:
    parcel = Return.objects.with_contents().get(pk=event.return_id)
    tell_the_shop(
        "return_requested",
        parcel.seller_order,
        "refund",
        about=str(parcel.uuid),
        page_args=(parcel.pk,),
        parcel=parcel,
        units=units_of(parcel),
    )


# --- orders: both sides


@subscribe(DisputeOpened)
def tell_both_sides_of_a_dispute(event: DisputeOpened) -> None:
    _tell_both("opened", event.dispute_id)


@subscribe(DisputeAnswered)
def tell_both_sides_what_the_shop_says(event: DisputeAnswered) -> None:
    _tell_both("answered", event.dispute_id)


@subscribe(DisputeClosed)
def tell_both_sides_how_it_ended(event: DisputeClosed) -> None:
    _tell_both("closed", event.dispute_id)


# --- shops


@subscribe(ShopApplied)
def tell_the_owners_that_their_application_arrived(event: ShopApplied) -> None:
    shop = Shop.objects.get(pk=event.shop_id)
    tell_the_owners("shop_applied", shop, owners_of(shop), about=application_of(shop))


@subscribe(ShopApplied)
def tell_staff_that_a_shop_wants_to_open(event: ShopApplied) -> None:
    shop = Shop.objects.get(pk=event.shop_id)
    news = News(
        kind="shop_to_approve",
        about=application_of(shop),
        page_args=(shop.pk,),
        facts={"shop": shop.name},
    )
    tell_staff("accounts.change_shop", news)


@subscribe(ShopOpened)
def tell_the_owners_that_their_shop_is_open(event: ShopOpened) -> None:
    tell_the_owners("shop_opened", Shop.objects.get(pk=event.shop_id), event.recipient_ids)


@subscribe(ShopRefused)
def tell_the_owners_what_to_change(event: ShopRefused) -> None:
    tell_the_owners("shop_refused", Shop.objects.get(pk=event.shop_id), event.recipient_ids)


@subscribe(ShopSuspended)
def tell_the_owners_that_their_shop_is_closed(event: ShopSuspended) -> None:
    tell_the_owners("shop_suspended", Shop.objects.get(pk=event.shop_id), event.recipient_ids)


# --- reviews and talk


@subscribe(OrderCompleted)
def ask_the_buyer_for_a_review(event: OrderCompleted) -> None:
    order = order_of(event.order_id)
    if order.buyer_id is not None:  # Only who has an account can write one.
        tell_the_buyer("review_asked", order)


@subscribe(ReviewPosted)
def tell_the_shop_that_it_was_reviewed(event: ReviewPosted) -> None:
    review = Review.objects.select_related("product").get(pk=event.review_id)
    news = News(
        kind="review_posted",
        about=str(review.uuid),
        page_args=(review.pk,),
        facts={"title": review.product.title, "rating": review.rating},
    )
    tell_those_who("refund", event.shop_id, news)


@subscribe(ReviewAnswered)
def tell_the_author_that_the_shop_replied(event: ReviewAnswered) -> None:
    review = Review.objects.select_related("product", "shop", "author").get(pk=event.review_id)
    news = News(
        kind="review_answered",
        about=str(review.uuid),
        page_args=(review.product.slug,),
        facts={"title": review.product.title, "shop": review.shop.name},
    )
    delivery.tell(user=review.author, news=news)


@subscribe(MessagePosted, when=lambda event: event.recipient_ids)
def tell_who_is_away_that_somebody_wrote(event: MessagePosted) -> None:
    """Once for all that piles up unread; who looks at the conversation is not among them."""
    conversation = Conversation.objects.with_names().get(pk=event.conversation_id)
    side = Side.SHOP if event.side == Side.BUYER else Side.BUYER
    read = reading.read_seq(conversation, side)
    if event.seq <= read:  # Told late, or twice: they have seen it.
        return
    news = News(
        kind="message",
        about=f"{conversation.uuid}:{read}",
        page_args=(conversation.uuid,),
        facts={"name": conversation.name_of(Side(event.side))},
    )
    # Mostly there is nobody left: so this is asked before anything that telling takes.
    waiting = set(event.recipient_ids)
    hearing = waiting - delivery.told(news, waiting)
    if hearing:
        hearing = sorting.who_hears(conversation, side, hearing)
        for person in User.objects.filter(pk__in=hearing).order_by("pk"):
            if delivery.tell(user=person, news=news):
                waiting.remove(person.pk)
    counts.push_alone_on_commit(waiting)


@subscribe(ConversationRead)
def take_what_was_told_of_it_as_read(event: ConversationRead) -> None:
    """For all on the reader's side: what one of them reads waits for none of them."""
    conversation = Conversation.objects.get(pk=event.conversation_id)
    people = list(conversation.people(Side(event.side)).values_list("pk", flat=True))
    later = conversation.messages.filter(seq__gt=event.seq, deleted_at=None)
    if not later.exclude(side=event.side).exists():
        path = KINDS["message"].path(conversation.uuid)
        inbox.mark_seen(user_ids=people, kind="message", path=path)
    counts.push_alone_on_commit(people)


# --- wishes


@subscribe(ProductChanged)
def tell_who_wished_it_that_the_price_fell(event: ProductChanged) -> None:
    for fall in price_watch.falls(event.product_ids):
        news = News(
            kind="price_dropped",
            about=f"{fall.product.pk}:{fall.price.amount}",
            page_args=(fall.product.slug,),
            facts={"title": fall.product.title} | amount(fall.price),
        )
        delivery.tell(user=fall.user, news=news)


@subscribe(StockChanged)
def tell_who_waits_that_it_is_back(event: StockChanged) -> None:
    watching.tell_next_in_line(event.stock_item_ids)


@subscribe(GuestAsked)
def send_the_link_that_lets_a_guest_wait(event: GuestAsked) -> None:
    watching.ask_whose_mailbox_it_is(event.request_id, event.asking)


# --- followed shops


@subscribe(ProductsPublished)
def tell_followers_that_a_shop_has_new_items(event: ProductsPublished) -> None:
    """Only noted here: thousands may follow, and they are told in batches."""
    shop_news.note(event.product_ids)


# --- the house


@subscribe(StockChanged)
def tell_the_shop_what_runs_low(event: StockChanged) -> None:
    watching.tell_what_runs_low(event.stock_item_ids)


@subscribe(ImportFinished)
def tell_who_started_an_import_that_it_ended(event: ImportFinished) -> None:
    job = ImportJob.objects.select_related("started_by").get(pk=event.job_id)
    news = News(
        kind="import_finished",
        about=str(job.uuid),
        page_args=(job.pk,),
        facts={"file": job.file_name},
    )
    if job.started_by is not None:  # Their account may be gone by now.
        delivery.tell(user=job.started_by, news=news)


@subscribe(ReviewReported)
def tell_staff_that_a_review_was_reported(event: ReviewReported) -> None:
    review = Review.objects.select_related("product").get(pk=event.review_id)
    news = News(
        kind="review_reported",
        about=str(event.report_id),
        page_args=(review.pk,),
        facts={"title": review.product.title},
    )
    tell_staff("orders.change_review", news, write_to_operator=False)


@subscribe(ConversationReported)
def tell_staff_that_a_conversation_was_reported(event: ConversationReported) -> None:
    shop = Shop.objects.get(pk=event.shop_id)
    news = News(
        kind="conversation_reported", about=str(event.report_id), facts={"shop": shop.name}
    )
    tell_staff("chat.change_report", news, write_to_operator=False)


# --- money


@subscribe(BankAccountReplaced)
def warn_of_a_new_bank_account(event: BankAccountReplaced) -> None:
    """Everybody who owns the shop, at the addresses of today and at those of the last account."""
    accounts = BankAccount.objects.select_related("shop", "added_by")
    account = accounts.get(pk=event.account_id)
    last = accounts.filter(pk=event.last_id).first()
    about, owners = str(account.uuid), owners_of(account.shop)
    tell_the_owners("bank_account_replaced", account.shop, owners, about=about, is_mailed=False)
    for address in dict.fromkeys([*account.told, *(last.told if last else [])]):
        mailing.write(
            recipient=address,
            kind="bank_account_replaced",
            about=about,
            context={"account": account, "last": last},
        )


@subscribe(PayoutSent)
def tell_the_shop_that_money_is_on_its_way(event: PayoutSent) -> None:
    _tell_about_money("payout_sent", event.payout_id)


@subscribe(PayoutFailed)
def tell_the_shop_that_a_payout_failed(event: PayoutFailed) -> None:
    _tell_about_money("payout_failed", event.payout_id, event.state)


@subscribe(PayoutFailed)
def tell_staff_that_a_payout_failed(event: PayoutFailed) -> None:
    payout = Payout.objects.select_related("shop").get(pk=event.payout_id)
    news = News(
        kind="payout_failed_staff",
        about=f"{payout.uuid}:{event.state}",
        page_args=(payout.pk,),
        facts={"number": payout.number, "shop": payout.shop.name},
        context={"payout": payout},
    )
    tell_staff("orders.change_payout", news)


@subscribe(RefundFailed)
def tell_staff_that_a_refund_failed(event: RefundFailed) -> None:
    refund = Refund.objects.select_related("payment__order").get(pk=event.refund_id)
    number = refund.payment.order.number
    news = News(
        kind="refund_failed_staff",
        about=f"{refund.uuid}:{event.times}",
        page_args=(refund.pk,),
        facts={"number": number} | amount(refund.amount),
        context={"refund": refund, "number": number},
    )
    tell_staff("orders.change_refund", news)


# --- people


@subscribe(AccountDeleted)
def forget_what_somebody_was_told(event: AccountDeleted) -> None:
    for model in (Notification, Preference, Habits, PushSubscription):
        model.objects.filter(user=event.user_id).delete()


def _tell_both(step: str, dispute_id: int) -> None:
    """The shop, and the buyer of what no bank opened."""
    dispute = Dispute.objects.with_contents().get(pk=dispute_id)
    part, about, template = dispute.seller_order, f"{dispute.uuid}:{step}", f"dispute_{step}"
    tell_the_shop(
        "dispute_to_answer",
        part,
        "refund",
        about=about,
        page_args=(dispute.pk,),
        template=template,
        dispute=dispute,
    )
    if dispute.origin == Dispute.Origin.BUYER:
        tell_the_buyer(
            "dispute_news",
            part.order,
            about=about,
            facts={"shop": part.shop.name},
            template=template,
            dispute=dispute,
            part=part,
            is_shop=False,
        )


def _tell_about_money(kind: str, payout_id: int, state: str = "") -> None:
    payout = Payout.objects.select_related("shop").get(pk=payout_id)
    news = News(
        kind=kind,
        about=f"{payout.uuid}:{state}",
        page_args=(payout.pk,),
        facts={"shop": payout.shop.name} | amount(payout.amount),
        context={"payout": payout, "state": state},
    )
    tell_those_who("money", payout.shop_id, news)
