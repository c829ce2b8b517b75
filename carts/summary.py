"""The rows of a summary, as cart and checkout show them: full prices, then what goes off."""

from __future__ import annotations

from django.utils.translation import ngettext

from carts.services.pricing import PricedCart


def rows(priced: PricedCart) -> list[dict[str, object]]:
    items = ngettext("%(n)d item", "%(n)d items", priced.size) % {"n": priced.size}
    shops = len(priced.groups)
    delivery = ngettext("Delivery", "Delivery from %(n)d shops", shops) % {"n": shops}
    return [
        {"label": items, "amount": priced.goods},
        {"label": delivery, "amount": priced.full_shipping},
        *({"label": title(one), "amount": -one.amount} for one in priced.discounts),
    ]


def title(discount: object) -> str:
    """The name of what has `name` and `code`: that of a promotion, with its code."""
    return f"{discount.name} ({discount.code})" if discount.code else discount.name
