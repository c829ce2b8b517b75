"""The demo's past: months of orders through the real services, with the clock moved.

A queue of things to happen, each at its moment; what happens may put later things into it.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from itertools import count

import time_machine
from django.db import transaction
from django.utils.timezone import now

from accounts.models import Address, User
from carts.models import Cart
from carts.services import baskets, coupons, pricing
from catalog.models import StockItem, Variant
from catalog.services import inventory
from marketflow.core import events
from marketflow.core.errors import Refusal
from marketflow.demo.opinions import Opinions
from marketflow.demo.people import CARRIERS, FIRST_NAMES, LAST_NAMES, STREETS, TOWNS
from marketflow.demo.stock_room import make_person
from marketflow.demo.talk import Talk
from marketflow.demo.till import OF_A_SHOP, WELCOME
from marketflow.demo.troubles import Troubles
from orders.gateways.test import CAPTURED, DECLINED
from orders.models import Order, SellerOrder
from orders.services import (
    checkout,
    closing,
    fees,
    fulfilment,
    invoices,
    payments,
    payout_sending,
    payouts,
    refunds,
)
from orders.services.checkout import Delivery
from orders.services.pasts import BuyersPast

Happening = Callable[[], None]
LOW, REFILL = 3, 25
MONDAY = 0


class History:
    """`days` days up to now with `orders` orders, as `rng` has it."""

    def __init__(
        self, *, days: int, orders: int, rng: random.Random, buyer: User, staff: User
    ) -> None:
        self.rng = rng
        self.orders = orders
        self.today = now()
        self.start = self.today - timedelta(days=days)
        self.queue: list[tuple[datetime, int, Happening]] = []
        self.order_of_entry = count()
        self.people = self._people(buyer)
        # Few things sell often and most sell rarely, as in real shops.
        self.variants = list(
            Variant.objects.for_sale().order_by("pk").values_list("pk", flat=True)
        )
        rng.shuffle(self.variants)
        self.weights = [1 / (rank + 5) ** 0.8 for rank in range(len(self.variants))]
        self.troubles = Troubles(rng=rng, after=self.after, staff=staff)
        self.opinions = Opinions(rng=rng, after=self.after)
        # A chance of its own: what people say changes nothing of what else happens.
        self.talk = Talk(
            rng=random.Random(orders), after=self.after, people=self.people, today=self.today
        )

    def happen(self, progress: Callable[[int], None]) -> None:
        """Let it all happen, day by day in one transaction each."""
        for moment in self._moments_of_orders():
            self._at(moment, self._order)
        for moment in self._moments_of_questions():
            self._at(moment, lambda: self.talk.ask(self.variants))
        for day in range((self.today - self.start).days):
            self._at(self.start + timedelta(days=day, hours=5), self._restock)
            morning = self.start + timedelta(days=day, hours=6)
            if morning.weekday() == MONDAY:
                self._at(morning, self._pay_out)
        while self.queue:
            day = self.queue[0][0].date()
            with transaction.atomic():
                self._one_day(progress)
            self._tell(day)
        with transaction.atomic():
            self.troubles.leave_one_open()

    def _tell(self, day: date) -> None:
        """In the evening everybody hears what happened, and gets the papers for it."""
        evening = min(datetime.combine(day, time(23, 30), UTC), self.today)
        with time_machine.travel(evening, tick=True):
            while events.relay(1000):
                continue
            invoices.issue_due()
            fees.issue_due()

    def _one_day(self, progress: Callable[[int], None]) -> None:
        day = self.queue[0][0].date()
        while self.queue and self.queue[0][0].date() == day:
            moment, _, happening = heapq.heappop(self.queue)
            with time_machine.travel(moment, tick=True):
                happening()
                # Now, not when the day is committed: the provider answers within seconds.
                refunds.send_due()
            if happening == self._order:
                progress(1)

    def _at(self, moment: datetime, happening: Happening) -> None:
        if moment < self.today:
            heapq.heappush(self.queue, (moment, next(self.order_of_entry), happening))

    def _moments_of_orders(self) -> list[datetime]:
        span = (self.today - self.start).total_seconds() - 7200
        # More of them lately: the market grows.
        return [
            self.start + timedelta(seconds=span * self.rng.random() ** 0.7)
            for _ in range(self.orders)
        ]

    def _moments_of_questions(self) -> list[datetime]:
        wanted = max(6, self.orders // 8)
        span = (self.today - self.start).total_seconds() - 7200
        moments = [
            self.start + timedelta(seconds=span * self.talk.rng.random()) for _ in range(wanted)
        ]
        # And some just now.
        return moments + [self.today - timedelta(hours=hours) for hours in (3, 8, 20, 26)]

    def _people(self, buyer: User) -> list[User]:
        wanted = max(12, min(self.orders // 6, 400))
        people = [buyer]
        for number in range(wanted):
            first, last = self.rng.choice(FIRST_NAMES), self.rng.choice(LAST_NAMES)
            email = f"{first}.{last}.{number}@people.demo.test".lower()
            people.append(make_person(email, f"{first} {last}"))
        for person in people:
            Address.objects.create(user=person, is_default=True, **self._address(person.name))
        return people

    def _address(self, name: str) -> dict[str, str]:
        town, postcode, country = self.rng.choice(TOWNS)
        return {
            "name": name,
            "line1": f"{self.rng.randint(1, 180)} {self.rng.choice(STREETS)}",
            "postcode": postcode,
            "city": town,
            "country": country,
        }

    # --- what happens

    def _order(self) -> None:
        luck = self.rng.random()
        # The buyer people can sign in as has orders of their own to look at.
        person = self.people[0] if luck < 0.03 else self.rng.choice(self.people)
        is_guest = person is not self.people[0] and self.rng.random() < 0.25
        cart = self._cart(None if is_guest else person)
        if cart is None:
            return
        self._type_a_code(cart)
        address = Address.objects.get(user=person).snapshot()
        past = BuyersPast.of(None if is_guest else person, guest_email=person.email)
        quote = pricing.price(cart, country=address["country"], past=past).quote
        try:
            order = checkout.place_order(
                cart=cart,
                quote=quote,
                buyer=None if is_guest else person,
                delivery=Delivery(email=person.email, address=address),
            )
        except Refusal:
            # Sold out between cart and checkout: it happens here too.
            return
        self.after(timedelta(minutes=self.rng.uniform(1, 9)), lambda: self._pay(order))

    def _cart(self, person: User | None) -> Cart | None:
        token = baskets.hash_of(baskets.new_token()) if person is None else None
        cart, _ = Cart.objects.open().get_or_create(buyer=person, token_hash=token)
        for pk in self.rng.choices(
            self.variants, self.weights, k=self.rng.choice((1, 1, 2, 2, 3, 5))
        ):
            variant = Variant.objects.select_related("product__shop", "stock").get(pk=pk)
            try:
                baskets.add(cart, variant, self.rng.choice((1, 1, 1, 2)))
            except Refusal:
                continue
        return cart if cart.lines.to_buy().exists() else None

    def _type_a_code(self, cart: Cart) -> None:
        """Try a coupon, as many do. It may not be for this cart."""
        code = self.rng.choice((WELCOME, OF_A_SHOP, "", "", "", ""))
        if not code:
            return
        try:
            coupons.apply(cart=cart, code=code)
        except Refusal:
            return

    def _pay(self, order: Order) -> None:
        luck = self.rng.random()
        if luck < 0.04:
            # Changed their mind, or just never came back.
            if luck < 0.02:
                closing.cancel(order=order)
            else:
                Order.objects.filter(pk=order.pk).update(expires_at=now())
                closing.release_expired()
            return
        if luck < 0.1:
            payments.start(order=order, method="test", details={"card": DECLINED})
        payments.start(order=order, method="test", details={"card": CAPTURED})
        if self.troubles.is_called_off(order):
            return
        for part in order.seller_orders.order_by("pk"):
            delay = timedelta(hours=self.rng.uniform(3, 70))
            self.after(delay, lambda part=part: self._ship(part))

    def _ship(self, part: SellerOrder) -> None:
        if not self.troubles.may_ship(part):
            return
        self.talk.about_to_send(part)
        part.refresh_from_db()
        if part.state != SellerOrder.State.PAID:
            return
        number = f"{self.rng.choice('ABCDEFGH')}{self.rng.randrange(10**9, 10**10)}"
        fulfilment.ship(
            seller_order=part, carrier=self.rng.choice(CARRIERS), tracking_number=number
        )
        delay = timedelta(hours=self.rng.uniform(24, 120))
        self.after(delay, lambda: self._deliver(part))

    def _deliver(self, part: SellerOrder) -> None:
        fulfilment.deliver(seller_order=part)
        self.troubles.follow(part)
        self.opinions.follow(part)
        self.talk.has_come(part)
        # Some are content and say so, and their shop is paid sooner.
        days = self.rng.choice((3, 6, 10, 14, 14, 14, 14))
        self.after(timedelta(days=days), lambda: self._complete(part))

    def _complete(self, part: SellerOrder) -> None:
        try:
            fulfilment.complete(seller_order=part)
        except fulfilment.Disputed:
            self.after(timedelta(days=2), lambda: self._complete(part))

    def _pay_out(self) -> None:
        """Every Monday morning."""
        for swept in payouts.sweep():
            if swept.payout:
                payout_sending.send(payout=swept.payout)
        self.troubles.bounce_a_payout()

    def _restock(self) -> None:
        """Shops look at their shelves in the morning and fill up what runs low, mostly."""
        for item in StockItem.objects.filter(on_hand__lte=LOW).order_by("pk"):
            if self.rng.random() < 0.12:
                inventory.receive(
                    item, REFILL, key=f"{item.pk}:{now():%Y%m%d}", note="Weekly delivery"
                )

    def after(self, delay: timedelta, happening: Happening) -> None:
        """Let `happening` happen `delay` from the present moment of the past."""
        self._at(now() + delay, happening)
