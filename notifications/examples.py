"""An example of every mail that may be written, made up, for staff to look at.

What stands in for an order or a shop has what the templates read and no more; a test renders all
of them and finds nothing missing. Dates stand still, as in print.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from types import SimpleNamespace as Made

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from marketflow.core.money import Money
from notifications.audiences import amount
from notifications.kinds import KINDS
from notifications.services import mailing
from notifications.services.delivery import News


@dataclass(frozen=True)
class Example:
    """`template` is the name of the mail's templates; `may_end` whether its reader may end it."""

    name: str
    title: str
    whom: str
    template: str
    may_end: bool
    context: Callable[[], dict[str, object]]

    def render(self, language: str) -> tuple[str, str, str]:
        """Subject, text and HTML."""
        way_out = settings.SITE_URL + reverse("notifications:preferences")
        more = {"unsubscribe_url": way_out if self.may_end else ""}
        with translation.override(language):
            return mailing.render(self.template, self.context() | more)


EXAMPLES: dict[str, Example] = {}


def _money(minor: int) -> Money:
    return Money(minor, settings.MARKETPLACE_CURRENCY)


def _all(*rows: object) -> Made:
    """What a query would find."""
    return Made(all=list(rows))


SHOP = Made(name="Fern & Co", state_reason="Say who makes what you sell, and where.")
BOWL = Made(quantity=2, title="Salad bowl", options="Large, blue", total=_money(5800))
SPOON = Made(quantity=1, title="Olive wood spoon", options="", total=_money(1250))
PART = Made(
    number="MF-7Q2KX-1",
    shop=SHOP,
    lines=_all(BOWL, SPOON),
    buyers_note="Please ring at the second door.",
    deliver_from=date(2026, 3, 5),
    deliver_by=date(2026, 3, 9),
)
ORDER = Made(
    number="MF-7Q2KX",
    name="Ana Sample",
    lines=["Ana Sample", "1 Harbour Lane", "1050 Vienna", "Austria"],
    expires_at=datetime(2026, 3, 2, 14, 35, tzinfo=UTC),
    seller_orders=_all(PART),
    redemptions=_all(Made(name="Spring", code="SPRING10", discount=_money(705))),
    shipping=_money(490),
    total=_money(6835),
)
PART.order = ORDER
REFUND = Made(
    amount=_money(5800),
    payment=Made(method="Visa •••• 4242", provider="test"),
    failure="The card’s account is closed.",
)
PAYOUT = Made(
    number="PO-2026-0042",
    shop=SHOP,
    amount=_money(184230),
    sent_to="AT•• •••• 5678",
    state_label=_("Failed"),
    failure="Unknown account.",
)
DISPUTE = Made(
    amount=_money(5800),
    reason="The bowl came in two pieces.",
    answer="It left us whole; here is the picture.",
    decision="The parcel was packed well, and the carrier pays for the bowl.",
    state="lost",
)
RETURNED = Made(
    reason="The blue is not the blue of the picture.", answer="Please use the box it came in."
)
UNITS = [(1, BOWL)]
TITLE = {"title": "Salad bowl (Large, blue)"}


def _example(
    kind: str, facts: dict[str, object], *page_args: object, template: str = "", **context: object
) -> None:
    """Of a kind of news. `template` tells apart its mails, where there are several."""
    news = News(
        kind=kind,
        about="example",
        page_args=page_args,
        facts=facts,
        template=template,
        context=context,
    )
    row, name = KINDS[kind], f"{kind}-{template}" if template else kind
    EXAMPLES[name] = Example(
        name=name,
        title=row.label,
        whom=row.side.label,
        template=template or kind,
        may_end=not row.is_essential,
        context=lambda: news.mail_context,
    )


def _letter(template: str, title: str, /, *, may_end: bool = False, **context: object) -> None:
    """What is no news: it answers somebody, or gathers."""
    url = f"{settings.SITE_URL}/"
    EXAMPLES[template] = Example(
        name=template,
        title=title,
        whom="",
        template=template,
        may_end=may_end,
        context=lambda: {"url": url, **context},
    )


def _of_the_order(kind: str, *, template: str = "", facts: dict | None = None, **context) -> None:
    facts = {"number": ORDER.number} | (facts or {})
    _example(kind, facts, ORDER.number, template=template, order=ORDER, **context)


def _of_the_part(kind: str, *, template: str = "", facts: dict | None = None, **context) -> None:
    facts = {"number": PART.number} | (facts or {})
    _example(kind, facts, 1, template=template, part=PART, is_shop=True, **context)


NAMED = {"shop": SHOP.name}

_of_the_order("order_placed")
_of_the_order("order_paid")
_of_the_order("order_expired")
_of_the_order("order_cancelled")
_of_the_order("part_cancelled", facts=NAMED, part=PART, units=UNITS)
_of_the_order(
    "parcel_sent",
    facts=NAMED,
    part=PART,
    parcel=Made(
        carrier="Post",
        tracking_number="1Z999",
        lines=_all(Made(quantity=1, line=BOWL)),
    ),
    is_complete=False,
)
_of_the_order("parcel_delivered", facts=NAMED, part=PART)
_of_the_order("refund_issued", facts=amount(REFUND.amount), refund=REFUND, part=PART)
_of_the_order("payment_returned", facts=amount(REFUND.amount), refund=REFUND, is_paid=True)
_of_the_order(
    "return_answered", facts=NAMED, part=PART, parcel=RETURNED, units=UNITS, is_approved=True
)
for step in ("dispute_opened", "dispute_answered", "dispute_closed"):
    _of_the_order(
        "dispute_news", template=step, facts=NAMED, dispute=DISPUTE, part=PART, is_shop=False
    )
_of_the_order("review_asked")
_example("review_answered", TITLE | NAMED, "salad-bowl")
_example("price_dropped", TITLE | amount(_money(2400)), "salad-bowl")
_example("back_in_stock", TITLE, "salad-bowl")
_example("shop_news", NAMED | {"titles": "Salad bowl, Olive wood spoon"}, "fern-co")
_example("message", {"name": SHOP.name}, "example")

_of_the_part("order_to_ship", facts={"place": "Vienna"})
_of_the_part("part_called_off")
_of_the_part("return_requested", parcel=RETURNED, units=UNITS)
for step in ("dispute_opened", "dispute_answered", "dispute_closed"):
    _of_the_part("dispute_to_answer", template=step, dispute=DISPUTE)
_example("payout_sent", NAMED | amount(PAYOUT.amount), 1, payout=PAYOUT, state="")
_example("payout_failed", NAMED | amount(PAYOUT.amount), 1, payout=PAYOUT, state="returned")
_example("review_posted", TITLE | {"rating": 4}, 1)
_example("stock_low", TITLE | {"left": 2}, 1)
_example("import_finished", {"file": "spring.csv"}, 1)
for kind in ("shop_applied", "shop_refused", "shop_opened", "shop_suspended"):
    _example(kind, NAMED, shop=SHOP)
_example(
    "bank_account_replaced",
    NAMED,
    account=Made(
        shop=SHOP, masked="AT•• •••• 5678", usable_from=datetime(2026, 3, 9, 9, tzinfo=UTC)
    ),
    last=Made(masked="AT•• •••• 1234"),
)

_example("payout_failed_staff", NAMED | {"number": PAYOUT.number}, 1, payout=PAYOUT)
_example(
    "refund_failed_staff",
    {"number": ORDER.number} | amount(REFUND.amount),
    1,
    refund=REFUND,
    number=ORDER.number,
)
_example("review_reported", TITLE, 1)
_example("conversation_reported", NAMED)
_example("audit_red", {"codes": "I2, I5"})
_example("shop_to_approve", NAMED, 1)

_letter("order_link", _("The link to an order"), order=ORDER)
_letter("guest_asked", _("Tell a guest when it is back?"), may_end=True, **TITLE)
_letter(
    "guest_back_in_stock",
    _("Back in stock, to a guest"),
    may_end=True,
    sentence=partial(KINDS["back_in_stock"].in_words, TITLE),
)
_letter(
    "digest",
    _("Daily digest"),
    notifications=[
        Made(text="Fern & Co has sent a parcel of order MF-7Q2KX.", get_absolute_url="/"),
        Made(text="Salad bowl (Large, blue) is back.", get_absolute_url="/"),
    ],
)
_letter(
    "webhook_endpoint_off",
    _("Webhook switched off"),
    endpoint=Made(url="https://stock.example/hooks/"),
    problem="Answered 500.",
)
