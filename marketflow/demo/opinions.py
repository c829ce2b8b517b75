"""What the demo's buyers say of what came, and what its shops say to that."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

from marketflow.core.errors import Refusal
from orders.models import OrderLine, Review, SellerOrder
from orders.services import reviews

After = Callable[[timedelta, Callable[[], None]], None]

# How many of a hundred give so many stars.
STARS, SHARES = (5, 4, 3, 2, 1), (52, 27, 11, 6, 4)
TITLES = {
    5: ("Even better in the hand", "Lovely", "Will buy again", "Exactly what I hoped for",
        "A keeper", "My favourite thing in the house", "Beautifully made", "Worth every cent"),
    4: ("Very good, with a but", "Happy with it", "Nearly perfect", "Good, solid, a bit small",
        "As described", "Nice work"),
    3: ("It is all right", "Neither here nor there", "Expected a little more", "Mixed feelings"),
    2: ("Not what I had in mind", "Disappointed", "Pretty, but it does not last"),
    1: ("It went straight back", "A pity", "Broken on arrival"),
}  # fmt: skip
FIRST = {
    5: (
        "I took a chance on the picture and it is nicer than that.",
        "This was a present for my sister and she rang me the same evening.",
        "Second one I have bought here; the first has been in use every day for a year.",
        "You can tell that somebody took their time over it.",
        "The colour is warmer than on my screen, and I mean that as praise.",
        "It has a weight to it that cheap ones never have.",
        "We had looked for something like this for months.",
    ),
    4: (
        "Well made and just as described.",
        "It does what it should, and looks good doing it.",
        "Good quality for what it costs.",
        "I like it more every week.",
        "The finish is lovely, apart from one spot on the underside.",
    ),
    3: (
        "It is fine for the price, no more and no less.",
        "The picture makes it look larger than it is; read the measurements.",
        "Half of me likes it, the other half wanted a deeper colour.",
        "It works. I had hoped for a nicer finish.",
    ),
    2: (
        "One edge was rough enough to catch on my sleeve.",
        "After two weeks the surface looks tired already.",
        "It is a good deal smaller than I understood from the page.",
    ),
    1: (
        "It came with a crack along one side.",
        "It looks nothing like the picture, and smells of glue.",
    ),
}
THEN = {
    5: (
        "Packed so carefully that unpacking took ten minutes.",
        "It came two days early.",
        "There was a handwritten note in the box, which made my day.",
        "It stands on the kitchen table now and everybody asks where it is from.",
        "I have ordered another one already.",
        "No plastic in the parcel either.",
        "",
    ),
    4: (
        "One star off because delivery took a week.",
        "I would have liked a slightly larger size.",
        "The box was dented, what was in it was not.",
        "Let's see how it looks in a year.",
        "",
    ),
    3: (
        "Delivery was quick, I will say that.",
        "I asked the shop and got a friendly answer, so I keep it.",
        "Perhaps I was hoping for too much.",
        "",
    ),
    2: (
        "The shop was polite about it, but I would not buy it again.",
        "I gave it to a friend who minds less than I do.",
        "",
    ),
    1: (
        "At least the money came back without a fuss.",
        "I have asked for my money back.",
    ),
}
GLAD = (
    "Thank you for taking the time. It is good to know where they go.",
    "That made our Monday. Thank you!",
    "Thank you, {name}. Do send us a picture if you like, we pin them up over the bench.",
    "So glad that it found the right table.",
)
SORRY = (
    "Thank you for saying so plainly, {name}. Write to us, and we will put it right.",
    "That should not have left our workshop, and we have looked at the rest of the batch. Sorry.",
    "We have added a picture with something for scale next to it. Thank you for the hint.",
    "Sorry to read this. The offer stands: send it back at our cost, and we make you another.",
)
# Of a hundred lines that arrive, and of reviews that were glad and not.
REVIEWED, WORDLESS, ANSWERED_GLAD, ANSWERED_SORRY = 0.28, 0.15, 0.22, 0.75


class Opinions:
    """Draws by `rng` who writes and what, and lets it happen `after` a while."""

    def __init__(self, *, rng: random.Random, after: After) -> None:
        # Its own luck: what people say does not change what they buy.
        self.rng = random.Random(rng.random())
        self.after = after

    def follow(self, part: SellerOrder) -> None:
        """What becomes of a part that was just delivered to somebody with an account."""
        if part.order.buyer_id is None:
            return
        for line in part.lines.order_by("pk"):
            if line.shipped and self.rng.random() < REVIEWED:
                later = timedelta(hours=self.rng.uniform(20, 220))
                self.after(later, lambda pk=line.pk: self._write(pk))

    def _write(self, line_id: int) -> None:
        line = OrderLine.objects.select_related("seller_order__order__buyer", "variant").get(
            pk=line_id
        )
        [stars] = self.rng.choices(STARS, SHARES)
        title, body = self._words(stars)
        try:
            review = reviews.post(
                line=line,
                author=line.seller_order.order.buyer,
                rating=stars,
                title=title,
                body=body,
            )
        except Refusal:
            return
        if self.rng.random() < (ANSWERED_GLAD if stars > 3 else ANSWERED_SORRY):
            self.after(timedelta(hours=self.rng.uniform(3, 50)), lambda: self._reply(review.pk))

    def _words(self, stars: int) -> tuple[str, str]:
        if self.rng.random() < WORDLESS:
            return "", ""
        title = self.rng.choice(TITLES[stars]) if self.rng.random() < 0.8 else ""
        sentences = self.rng.choice(FIRST[stars]), self.rng.choice(THEN[stars])
        return title, " ".join(sentence for sentence in sentences if sentence)

    def _reply(self, review_id: int) -> None:
        review = Review.objects.select_related("author", "shop").get(pk=review_id)
        words = self.rng.choice(GLAD if review.rating > 3 else SORRY)
        owner = review.shop.memberships.get(role="owner").user
        name = review.author_name.split()[0]
        reviews.reply(review=review, body=words.format(name=name), actor=owner)
