"""What the buyer saw on Review, carried in its form: it tells what has changed since, in words.

Only for words. What is charged is decided by the quote.
"""

from __future__ import annotations

from django.core import signing
from django.utils.translation import gettext as _

from carts.services.pricing import PricedCart
from carts.summary import title
from marketflow.core.money import Money
from marketflow.core.templatetags.marketflow import money
from orders.services.drafts import Draft

SALT = "orders.review"


def carry(priced: PricedCart, draft: Draft) -> str:
    seen = {
        "draft": draft.digest,
        "total": priced.total.amount,
        "shipping": {group.shop.slug: group.shipping.amount for group in priced.groups},
        "discounts": {title(one): one.amount.amount for one in priced.discounts},
        "lines": {
            str(line.variant.uuid): [line.quantity, line.unit_price.amount]
            for line in priced.lines
        },
    }
    return signing.dumps(seen, salt=SALT, compress=True)


def is_draft_changed(text: str, draft: Draft) -> bool:
    """Whether address or method are not those that were on the page."""
    return _read(text).get("draft") != draft.digest


def changes(text: str, priced: PricedCart) -> list[str]:
    """What is different now, a sentence each. Never empty: the last resort names the total."""
    seen = _read(text)
    now = {str(line.variant.uuid): line for line in priced.lines}
    before = seen.get("lines", {})
    if {uuid: line.quantity for uuid, line in now.items()} != {
        uuid: line[0] for uuid, line in before.items()
    }:
        return [_("Your cart changed in another tab. This is what it holds now.")]
    sentences = [
        _("%(title)s is now %(price)s (was %(was)s).")
        % {"title": line.variant, **_prices(line.unit_price, before[uuid][1])}
        for uuid, line in now.items()
        if line.unit_price.amount != before[uuid][1]
    ]
    sentences += [
        _("Delivery from %(shop)s is now %(price)s (was %(was)s).")
        % {"shop": group.shop.name, **_prices(group.shipping, seen["shipping"][group.shop.slug])}
        for group in priced.groups
        if group.shipping.amount != seen["shipping"].get(group.shop.slug)
    ]
    sentences += _discounts(seen.get("discounts", {}), priced)
    if seen.get("total") != priced.total.amount:
        words = _prices(priced.total, seen["total"])
        sentences.append(_("The total is now %(price)s (was %(was)s).") % words)
    return sentences or [_("The VAT inside the total changed. The total is as it was.")]


def _discounts(before: dict[str, int], priced: PricedCart) -> list[str]:
    now = {title(one): one.amount for one in priced.discounts}
    nothing = Money(0, priced.currency)
    changed = [name for name in {**before, **now} if _amount(now, name) != before.get(name, 0)]
    return [
        _("%(name)s takes off %(price)s (was %(was)s).")
        % {"name": name, **_prices(now.get(name, nothing), before.get(name, 0))}
        for name in changed
    ]


def _amount(discounts: dict[str, Money], name: str) -> int:
    return discounts[name].amount if name in discounts else 0


def _prices(price: Money, was: int) -> dict[str, str]:
    return {"price": money(price), "was": money(Money(was, price.currency))}


def _read(text: str) -> dict:
    try:
        return signing.loads(text, salt=SALT)
    except signing.BadSignature:
        # No form of ours: nothing of what was seen is known.
        return {}
