"""Who follows which shop in the demo: most people a few, and more of them the first shops."""

from __future__ import annotations

import random
from collections.abc import Sequence

from accounts.models import Shop, User
from accounts.services import following

MOST = 4


def let_people_follow(people: Sequence[User], shops: Sequence[Shop], rng: random.Random) -> None:
    """The first of `people`, whom visitors can sign in as, follows some and has muted one."""
    weights = [1 / (place + 1) for place in range(len(shops))]
    for person in people:
        for shop in rng.choices(shops, weights, k=rng.randrange(MOST + 1)):
            following.follow(user=person, shop=shop)
    favourites = shops[:MOST]
    for shop in favourites:
        following.follow(user=people[0], shop=shop)
    following.mute(user=people[0], shop=favourites[-1], is_muted=True)
