"""Numbers of documents: one after the other for each issuer, none left out and none twice.

The row of the series is the lock. The number is counted in the transaction that writes the
document: where that rolls back, so does the count.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.timezone import localdate, now

from accounts.models import Shop
from orders.models import Invoice, InvoiceSeries, Refund, SellerOrder

Kind = Invoice.Kind
# What a number begins with. A shop issues its own documents, the marketplace its commission.
PREFIXES = {
    Kind.SALE: "INV{shop}-",
    Kind.CREDIT_NOTE: "CN{shop}-",
    Kind.COMMISSION: "FEE-",
    Kind.COMMISSION_CREDIT: "FEECN-",
}
OF_A_SHOP = {Kind.SALE, Kind.CREDIT_NOTE}


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A document without its number. Amounts in minor units, credits below zero."""

    kind: Kind
    # What it documents: issued once, whoever asks and however often.
    dedupe_key: str
    shop: Shop
    currency: str
    total_minor: int
    tax_minor: int
    # Everything printed but number and day.
    content: dict[str, Any]
    about: dict[str, SellerOrder | Refund] = field(default_factory=dict)


@transaction.atomic
def issue(draft: Draft) -> Invoice:
    """Give `draft` the next number of its series and write it; or find it written before.

    Locks the row of the series: two who ask at once get the same document.
    """
    series = _locked(draft)
    issued = Invoice.objects.filter(dedupe_key=draft.dedupe_key).first()
    if issued is not None:
        return issued
    series.last_number += 1
    series.save(update_fields=["last_number"])
    invoice = Invoice(
        kind=draft.kind,
        series=series,
        number=series.last_number,
        dedupe_key=draft.dedupe_key,
        shop=draft.shop,
        currency=draft.currency,
        total_minor=draft.total_minor,
        tax_minor=draft.tax_minor,
        issued_at=now(),
        **draft.about,
    )
    printed = {"number": str(invoice), "issued_on": localdate(invoice.issued_at).isoformat()}
    invoice.content = draft.content | printed
    invoice.save(force_insert=True)
    return invoice


def _locked(draft: Draft) -> InvoiceSeries:
    key = f"{draft.kind}:{draft.shop.pk}" if draft.kind in OF_A_SHOP else str(draft.kind)
    rows = InvoiceSeries.objects.select_for_update().filter(key=key)
    found = rows.first()
    if found is None:
        # Two may begin the same series at once; the second finds the first one's.
        prefix = PREFIXES[draft.kind].format(shop=draft.shop.pk)
        InvoiceSeries.objects.bulk_create(
            [InvoiceSeries(key=key, prefix=prefix)], ignore_conflicts=True
        )
        found = rows.get()
    return found
