"""Make the buyers of a figure: `python -m benchmarks.gauntlet.world`, in the market's environment.

Prints a JSON list of `{name, email, token, quote}`: guests with filled carts.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
from typing import Any

import django


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.gauntlet.world", description=__doc__)
    parser.add_argument("--buyers", type=int, required=True)
    parser.add_argument("--stock", type=int, required=True, help="units in all")
    parser.add_argument("--skus", type=int, default=1)
    parser.add_argument("--lines", type=int, default=1, help="of each cart, in random order")
    parser.add_argument("--shops", type=int, default=1, help="that share the variants")
    parser.add_argument("--coupon-uses", type=int, default=0, help="of a coupon in every cart")
    parser.add_argument("--tries", type=int, default=1, help="carts that each buyer has")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketflow.settings")
    django.setup()
    json.dump(made(options), sys.stdout)


def made(options: argparse.Namespace) -> list[dict[str, str]]:
    from marketflow.core import events
    from orders.services import rehearsal

    rng = random.Random(options.seed)
    with events.held():
        variants = []
        for number in range(options.shops):
            share = options.stock // options.shops + (number < options.stock % options.shops)
            skus = options.skus // options.shops + (number < options.skus % options.shops)
            variants += rehearsal.open_shop(share, skus)
        if options.lines == 1:
            # Every unit finds a buyer: as many ask for each SKU as for any other.
            carts = [[variants[n % len(variants)]] for n in range(options.buyers)]
            rng.shuffle(carts)
        else:
            carts = [rng.sample(variants, options.lines) for _ in range(options.buyers)]
        coupon = limited(variants[0].shop, options.coupon_uses) if options.coupon_uses else ""
        buyers = rehearsal.invite(carts, coupon=coupon)
    return [
        {
            "name": buyer.name,
            # Several carts of one person: a guest is known by the address.
            "email": buyers[place - place % options.tries].email,
            "token": buyer.token,
            "quote": buyer.quote,
        }
        for place, buyer in enumerate(buyers)
    ]


def limited(shop: Any, uses: int) -> str:
    """A coupon of the shop: so many uses in all, one for each buyer. Its code."""
    from django.conf import settings

    from carts.models import Promotion

    promotion = Promotion(
        shop=shop,
        name="Rehearsal",
        code="A5B",
        basis_points=1000,
        currency=settings.MARKETPLACE_CURRENCY,
        max_uses=uses,
        max_per_buyer=1,
    )
    promotion.full_clean(exclude=["currency"])
    promotion.save()
    return promotion.code


if __name__ == "__main__":
    main()
