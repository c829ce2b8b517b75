from __future__ import annotations

from orders.models import OrderLine, Review
from orders.services import reviews
from orders.tests.factories import make_completed


def make_review(author, variant, *, rating: int = 5, **words: str) -> Review:
    """What `author` says of a `variant` that they bought and got."""
    part = make_completed(author, variant)
    line = OrderLine.objects.bought_by(author).get(seller_order=part)
    return reviews.post(line=line, author=author, rating=rating, **words)
