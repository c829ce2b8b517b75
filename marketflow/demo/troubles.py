"""What goes other than planned in the demo's past: called off, sent back, quarrelled about."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from itertools import count

from accounts.models import User
from marketflow.core.errors import Refusal
from orders.models import Dispute, Order, Payout, Refund, Return, SellerOrder
from orders.services import cancelling, disputes, payout_sending, refunds, returns
from orders.services.refunds import Wanted
from orders.services.returns import Arrived

After = Callable[[timedelta, Callable[[], None]], None]

WHY_CANCELLED = ("One broke while we packed it.", "We miscounted; there are none left.")
WHY_RETURNED = (
    "It is smaller than I thought.",
    "The colour does not suit the room.",
    "A present that somebody else had given already.",
    "There is a crack along the rim.",
)
HOW_TO_RETURN = "Send it to our workshop in the box it came in. We pay the label."
WHY_REJECTED = "It was made to your measure, so we can't take it back."
WHY_DISPUTED = (
    "The parcel arrived open and half of it is missing.",
    "This is not what the picture shows.",
)
SHOP_SAYS = "We packed it whole and photographed it before it left. The carrier has our claim."
SHARED = "The carrier confirms damage on the way. We share the loss."
WHOLE = "The photographs show that it left the workshop whole."
SORRY = ("A small scratch, kept by the buyer.", "It came four days late.")
# Of every so many parts that are delivered.
DISPUTED_EACH, RETURNED_EACH, COMFORTED_EACH = 60, 13, 35


class Troubles:
    """Draws by `rng` what happens to orders, and lets it happen `after` a while."""

    def __init__(self, *, rng: random.Random, after: After, staff: User) -> None:
        self.rng = rng
        self.after = after
        self.staff = staff
        self.delivered = count(1)
        self.has_bounced = False

    def is_called_off(self, order: Order) -> bool:
        """Whether the buyer of a paid order changes their mind at once."""
        if self.rng.random() >= 0.02:
            return False
        cancelling.cancel(order=Order.objects.get(pk=order.pk), actor=order.buyer)
        return True

    def may_ship(self, part: SellerOrder) -> bool:
        """Let the shop miss a unit, now and then; whether anything is left to send."""
        part.refresh_from_db()
        if self.rng.random() < 0.02:
            line = part.lines.order_by("pk").first()
            cancelling.cancel_units(
                part=part, lines={line.pk: 1}, reason=self.rng.choice(WHY_CANCELLED)
            )
            part.refresh_from_db()
        return part.state == SellerOrder.State.PAID

    def follow(self, part: SellerOrder) -> None:
        """What becomes of a part that has just been delivered."""
        number = next(self.delivered)
        soon = timedelta(hours=self.rng.uniform(20, 90))
        if number % DISPUTED_EACH == 7:
            self.after(soon, lambda: self._dispute(part))
        elif number % RETURNED_EACH == 3:
            self.after(soon, lambda: self._send_back(part))
        elif number % COMFORTED_EACH == 11:
            self.after(soon, lambda: self._comfort(part))

    def bounce_a_payout(self) -> None:
        """A bank sends one payout back, some weeks in; it joins the next."""
        paid = Payout.objects.filter(state=Payout.State.PAID, number=2).order_by("pk").first()
        if paid is None or self.has_bounced:
            return
        self.has_bounced = True
        self.after(
            timedelta(days=2),
            lambda: payout_sending.mark_returned(
                payout=Payout.objects.get(pk=paid.pk), actor=self.staff
            ),
        )

    def leave_one_open(self) -> None:
        """Somebody quarrels today: staff and the shop have something to look at."""
        arrived = SellerOrder.objects.filter(state=SellerOrder.State.DELIVERED, disputes=None)
        part = arrived.exclude(order__buyer=None).order_by("-pk").first()
        if part is not None:
            self._dispute(part)

    # --- sent back

    def _send_back(self, part: SellerOrder) -> None:
        line_id, units = next(iter(sorted(returns.returnable(part).items())), (None, 0))
        if not units:
            return
        parcel = returns.request(
            part=part,
            lines={line_id: self.rng.randint(1, units)},
            reason=self.rng.choice(WHY_RETURNED),
            actor=part.order.buyer,
        )
        self.after(timedelta(hours=self.rng.uniform(4, 40)), lambda: self._answer(parcel))

    def _answer(self, parcel: Return) -> None:
        if self.rng.random() < 0.15:
            returns.reject(parcel=parcel, answer=WHY_REJECTED)
            return
        returns.approve(parcel=parcel, answer=HOW_TO_RETURN)
        self.after(timedelta(days=self.rng.uniform(2, 6)), lambda: self._receive(parcel))

    def _receive(self, parcel: Return) -> None:
        arrived = {
            line.line_id: Arrived(units=line.quantity, restock=self.rng.random() < 0.8)
            for line in parcel.lines.order_by("pk")
        }
        returns.receive(parcel=parcel, lines=arrived)

    # --- comforted

    def _comfort(self, part: SellerOrder) -> None:
        line = part.lines.order_by("pk").first()
        amount = line.total_minor // 5
        if not amount:
            return
        try:
            refunds.decide(
                part=part,
                lines={line.pk: Wanted(amount_minor=amount)},
                kind=Refund.Kind.GOODWILL,
                reason=self.rng.choice(SORRY),
            )
        except Refusal:
            # Sent back and refunded in the meantime.
            return

    # --- quarrelled about

    def _dispute(self, part: SellerOrder) -> None:
        try:
            dispute = disputes.open_by_buyer(
                part=part, reason=self.rng.choice(WHY_DISPUTED), actor=part.order.buyer
            )
        except Refusal:
            return
        self.after(
            timedelta(hours=self.rng.uniform(5, 30)),
            lambda: disputes.answer(dispute=dispute, text=SHOP_SAYS),
        )
        self.after(timedelta(days=self.rng.uniform(4, 9)), lambda: self._decide(dispute))

    def _decide(self, dispute: Dispute) -> None:
        is_shared = self.rng.random() < 0.7
        disputes.decide(
            dispute=dispute,
            refund_minor=dispute.amount_minor // 2 if is_shared else 0,
            decision=SHARED if is_shared else WHOLE,
            actor=self.staff,
        )
