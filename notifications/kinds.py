"""Everything that people may be told of, as a table. Who hears of what: `receivers.py`.

A kind keeps its name, and its sentence the facts it names: both stand in rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from marketflow.core.money import Money
from marketflow.core.templatetags.marketflow import money


class Channel(models.TextChoices):
    IN_APP = "in_app", _("On the site")
    EMAIL = "email", _("E-mail")
    PUSH = "push", _("Push")


class Side(models.TextChoices):
    """Whom a kind is for, which is who finds it among the preferences."""

    BUYING = "buying", _("Buying")
    SELLING = "selling", _("Selling")
    STAFF = "staff", _("Running the market")


@dataclass(frozen=True)
class Kind:
    """What the list says, which channels carry it by default, and the page it leads to.

    Of what is `essential` the list and the mail can't be switched off.
    """

    name: str
    side: Side
    label: str
    sentence: str
    channels: frozenset[Channel]
    page: str
    icon: str
    is_essential: bool = False

    def in_words(self, facts: Mapping[str, object]) -> str:
        return str(self.sentence) % {name: _in_words(value) for name, value in facts.items()}

    def path(self, *args: object) -> str:
        """`page` is the name of an address, or an address that the contract fixes."""
        if self.page.startswith("/"):
            return self.page.format(*args)
        return reverse(self.page, args=args)

    def is_fixed(self, channel: Channel) -> bool:
        return self.is_essential and channel != Channel.PUSH


def _in_words(value: object) -> object:
    """Amounts are kept as the API writes them."""
    return money(Money(**value)) if isinstance(value, dict) else value


SITE, MAIL, PUSH = Channel.IN_APP, Channel.EMAIL, Channel.PUSH
KINDS: dict[str, Kind] = {}


def _rows(side: Side, page: str, *rows: tuple) -> None:
    for name, channels, icon, is_essential, label, sentence in rows:
        KINDS[name] = Kind(
            name, side, label, sentence, frozenset(channels), page, icon, is_essential
        )


# Columns: name, channels by default, icon, is it essential, label, sentence.
# fmt: off
_rows(Side.BUYING, "orders:order",
    ("order_placed", [SITE, MAIL], "shopping-bag", True,
     _("Order placed"), _("Order %(number)s is placed.")),
    ("order_paid", [SITE, MAIL], "circle-check", True,
     _("Order paid"), _("Order %(number)s is paid.")),
    ("order_expired", [SITE, MAIL], "clock", True,
     _("Order not paid in time"), _("Order %(number)s was not paid in time.")),
    ("order_cancelled", [SITE, MAIL], "circle-alert", True,
     _("Order cancelled"), _("Order %(number)s is cancelled.")),
    ("part_cancelled", [SITE, MAIL], "circle-alert", True,
     _("A shop can’t send something"), _("%(shop)s can’t send a part of order %(number)s.")),
    ("parcel_sent", [SITE, MAIL, PUSH], "truck", False,
     _("Parcel sent"), _("%(shop)s has sent a parcel of order %(number)s.")),
    ("parcel_delivered", [SITE, PUSH], "package", False,
     _("Parcel delivered"), _("What you ordered from %(shop)s is there: order %(number)s.")),
    ("refund_issued", [SITE, MAIL], "banknote", True,
     _("Refund"), _("%(amount)s for order %(number)s are on the way back to you.")),
    ("payment_returned", [SITE, MAIL], "banknote", True,
     _("Payment returned"), _("%(amount)s paid for order %(number)s are on the way back to you.")),
    ("return_answered", [SITE, MAIL, PUSH], "undo-2", True,
     _("Answer to a return"), _("%(shop)s has answered your return, order %(number)s.")),
    ("dispute_news", [SITE, MAIL, PUSH], "shield-check", True,
     _("News of a dispute"), _("There is news of your dispute with %(shop)s, order %(number)s.")),
)
_rows(Side.BUYING, "orders:order",
    ("review_asked", [SITE, MAIL], "star", False,
     _("A review is asked for"), _("How was it? Say what you think of order %(number)s.")),
)
_rows(Side.BUYING, "product",
    ("review_answered", [SITE], "star", False,
     _("Reply to your review"), _("%(shop)s has replied to your review of %(title)s.")),
    ("price_dropped", [SITE, MAIL], "heart", False,
     _("Lower price on your wish list"), _("%(title)s is down to %(amount)s.")),
    ("back_in_stock", [SITE, MAIL, PUSH], "bell", False,
     _("Back in stock"), _("%(title)s is back.")),
)
_rows(Side.BUYING, "/shops/{}/?ordering=newest",
    ("shop_news", [SITE], "store", False,
     _("New items of shops you follow"), _("%(shop)s has something new: %(titles)s.")),
)
_rows(Side.BUYING, "/messages/{}/",
    ("message", [SITE, MAIL, PUSH], "message-circle", False,
     _("Message"), _("%(name)s has written to you.")),
)
_rows(Side.SELLING, "seller:orders_sellerorder_change",
    ("order_to_ship", [SITE, MAIL, PUSH], "package", False,
     _("Order to send"), _("Order %(number)s is paid: send it to %(place)s.")),
    ("part_called_off", [SITE, MAIL, PUSH], "circle-alert", False,
     _("Order called off"), _("The buyer has called off order %(number)s.")),
)
_rows(Side.SELLING, "seller:orders_return_change",
    ("return_requested", [SITE, MAIL, PUSH], "undo-2", True,
     _("Return requested"), _("A return of order %(number)s waits for your answer.")),
)
_rows(Side.SELLING, "seller:orders_dispute_change",
    ("dispute_to_answer", [SITE, MAIL, PUSH], "shield-check", True,
     _("Dispute"), _("There is news of a dispute about order %(number)s.")),
)
_rows(Side.SELLING, "seller:orders_payout_change",
    ("payout_sent", [SITE, MAIL], "banknote", False,
     _("Payout sent"), _("%(amount)s are on the way to the bank of %(shop)s.")),
    ("payout_failed", [SITE, MAIL], "triangle-alert", True,
     _("Payout failed"), _("A payout of %(amount)s to %(shop)s did not arrive.")),
)
_rows(Side.SELLING, "seller:orders_review_change",
    ("review_posted", [SITE, MAIL], "star", False,
     _("Review"), _("%(title)s was reviewed: %(rating)s of 5 stars.")),
)
_rows(Side.SELLING, "seller:catalog_product_change",
    ("stock_low", [SITE, MAIL], "package", False,
     _("Low stock"), _("%(title)s is running low: %(left)s left.")),
)
_rows(Side.SELLING, "seller:catalog_importjob_change",
    ("import_finished", [SITE], "upload", False,
     _("Import finished"), _("The import of %(file)s has ended.")),
)
_rows(Side.SELLING, "sell_status",
    ("shop_applied", [SITE, MAIL], "store", True,
     _("Application received"), _("We have your application for %(shop)s.")),
    ("shop_refused", [SITE, MAIL], "store", True,
     _("Application needs changes"), _("Your application for %(shop)s needs changes.")),
    ("shop_opened", [SITE, MAIL], "store", True,
     _("Shop open"), _("%(shop)s is open.")),
    ("shop_suspended", [SITE, MAIL], "store", True,
     _("Shop closed by staff"), _("%(shop)s is closed for now.")),
)
_rows(Side.SELLING, "seller:index",
    ("bank_account_replaced", [SITE, MAIL], "shield-check", True,
     _("New bank account"), _("%(shop)s is paid to another bank account from now on.")),
)
_rows(Side.STAFF, "admin:orders_payout_change",
    ("payout_failed_staff", [SITE], "triangle-alert", False,
     _("Failed payout"), _("Payout %(number)s of %(shop)s did not arrive.")),
)
_rows(Side.STAFF, "admin:orders_refund_change",
    ("refund_failed_staff", [SITE], "triangle-alert", False,
     _("Failed refund"), _("A refund of %(amount)s for order %(number)s did not arrive.")),
)
_rows(Side.STAFF, "admin:orders_review_change",
    ("review_reported", [SITE], "circle-alert", False,
     _("Reported review"), _("A review of %(title)s was reported.")),
)
_rows(Side.STAFF, "admin:index",
    ("conversation_reported", [SITE], "circle-alert", False,
     _("Reported conversation"), _("A conversation with %(shop)s was reported.")),
    ("audit_red", [SITE], "triangle-alert", False,
     _("The books do not balance"), _("The audit found what is broken: %(codes)s.")),
)
_rows(Side.STAFF, "admin:accounts_shop_change",
    ("shop_to_approve", [SITE], "store", False,
     _("Shop to approve"), _("%(shop)s wants to open.")),
)
# fmt: on
