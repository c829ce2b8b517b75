"""Conversations of the demo's past: questions before buying, and words about what was bought."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count

from django.utils.timezone import now

from accounts.models import Shop, User
from catalog.models import Product, Variant
from chat.models import Conversation, Message, Proposal
from chat.services import messaging, proposals, reading
from marketflow.core.errors import Refusal
from marketflow.demo import dialogues
from marketflow.demo.dialogues import Lines
from orders.models import SellerOrder

After = Callable[[timedelta, Callable[[], None]], None]

# Of every so many parts of people with an account.
SENT_EACH, CAME_EACH, SCRATCHED_EACH, REGRETTED_EACH = 16, 14, 30, 90
# The last questions of all wait for an answer, as somewhere one always does.
WAITING = timedelta(hours=30)


class Talk:
    """Draws by `rng` who writes what, and lets them write it `after` a while."""

    def __init__(
        self, *, rng: random.Random, after: After, people: list[User], today: datetime
    ) -> None:
        self.rng = rng
        self.after = after
        self.people = people
        self.today = today
        self.sent, self.came = count(1), count(1)

    def ask(self, variants: list[int]) -> None:
        """Somebody wants to know something before they buy."""
        person = self.people[0] if self.rng.random() < 0.2 else self.rng.choice(self.people)
        pk = self.rng.choice(variants)
        product = Variant.objects.select_related("product__shop").get(pk=pk).product
        if now() > self.today - WAITING:
            text = self.rng.choice(dialogues.NOT_ANSWERED_YET)
            self._ask(person, product, text)
            return
        lines = self.rng.choice(dialogues.BEFORE_BUYING)
        message = self._ask(person, product, lines[0][1])
        if message:
            self._go_on(message.conversation, lines[1:], product=product)

    def about_to_send(self, part: SellerOrder) -> None:
        """Before a parcel leaves, now and then: a question, a word, a change of mind."""
        number = next(self.sent) if part.order.buyer_id else 0
        if number and number % REGRETTED_EACH == 0:
            self._regret(part)
        elif number and number % SENT_EACH == 0:
            self._speak(part, self.rng.choice(dialogues.ON_THE_WAY))

    def has_come(self, part: SellerOrder) -> None:
        number = next(self.came) if part.order.buyer_id else 0
        if number and number % SCRATCHED_EACH == 7:
            self.after(timedelta(hours=5), lambda: self._complain(part))
        elif number and number % CAME_EACH == 0:
            self._speak(part, self.rng.choice(dialogues.HAS_COME))

    # --- how it goes

    def _ask(self, person: User, product: Product, text: str) -> Message | None:
        try:
            return messaging.start_as_buyer(
                buyer=person,
                shop=product.shop,
                product=product,
                body=text.format(title=product.title, buyer=person.get_short_name()),
            )
        except Refusal:
            return None

    def _speak(self, part: SellerOrder, lines: Lines) -> None:
        who, text = lines[0]
        message = self._say(part, who, text)
        if message:
            self._go_on(message.conversation, lines[1:], part=part)

    def _say(self, part: SellerOrder, who: str, text: str) -> Message | None:
        buyer = part.order.buyer
        body = text.format(number=part.number, buyer=buyer.get_short_name())
        try:
            if who == "B":
                return messaging.start_as_buyer(buyer=buyer, shop=part.shop, part=part, body=body)
            return messaging.start_as_shop(part=part, author=_keeper(part.shop), body=body)
        except Refusal:
            return None

    def _go_on(
        self,
        conversation: Conversation,
        lines: Lines,
        *,
        product: Product | None = None,
        part: SellerOrder | None = None,
    ) -> None:
        """One after another, each once the other has read what came before."""
        if not lines:
            return
        pause = timedelta(minutes=self.rng.uniform(6, 400))

        def write() -> None:
            who, text = lines[0]
            author = conversation.buyer if who == "B" else _keeper(conversation.shop)
            body = text.format(
                title=product.title if product else "",
                number=part.number if part else "",
                buyer=conversation.buyer.get_short_name(),
            )
            self._answer(conversation, author, body)
            self._go_on(conversation, lines[1:], product=product, part=part)

        self.after(pause, write)

    def _answer(self, conversation: Conversation, author: User, body: str) -> None:
        fresh = Conversation.objects.get(pk=conversation.pk)
        reading.read(conversation=fresh, reader=author, seq=fresh.last_seq)
        messaging.post(conversation=fresh, author=author, body=body)

    def _complain(self, part: SellerOrder) -> None:
        """A scratch: the shop offers a part of the money, and the buyer takes it."""
        wrong, sorry, reason = self.rng.choice(dialogues.SCRATCHED)
        message = self._say(part, "B", wrong)
        if message is None:
            return
        conversation = message.conversation

        def offer() -> None:
            fresh = SellerOrder.objects.select_related("order", "shop").get(pk=part.pk)
            amount = fresh.refundable.amount // 10 // 50 * 50
            if amount <= 0:
                return
            keeper = _keeper(part.shop)
            self._answer(conversation, keeper, sorry)
            try:
                made = proposals.offer_refund(
                    conversation=conversation,
                    part=fresh,
                    amount_minor=amount,
                    reason=reason,
                    author=keeper,
                )
            except Refusal:
                return
            self.after(timedelta(hours=self.rng.uniform(1, 20)), lambda: accept(made))

        def accept(made: Proposal) -> None:
            buyer = conversation.buyer
            try:
                proposals.accept(proposal=made, actor=buyer)
            except Refusal:
                return
            self._answer(conversation, buyer, self.rng.choice(dialogues.ALL_RIGHT_THEN))

        self.after(timedelta(hours=self.rng.uniform(1, 9)), offer)

    def _regret(self, part: SellerOrder) -> None:
        message = self._say(part, "B", dialogues.CHANGED_THEIR_MIND)
        if message is None:
            return
        fresh = SellerOrder.objects.select_related("order", "shop").get(pk=part.pk)
        try:
            asked = proposals.ask_to_cancel(
                conversation=message.conversation,
                part=fresh,
                reason="The wrong colour",
                author=part.order.buyer,
            )
            proposals.accept(proposal=asked, actor=_keeper(part.shop))
        except Refusal:
            return


def _keeper(shop: Shop) -> User:
    """Who answers for the shop: its owner."""
    return shop.memberships.select_related("user").order_by("pk").first().user
