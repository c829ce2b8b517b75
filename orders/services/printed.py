"""What invoices say: parties, lines and rates, as plain values that are kept for good.

Amounts are those frozen with the order, never reckoned again. Only the net follows from them:
gross less the VAT inside. The words around them are the drawing's (`orders.documents`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.utils.timezone import localdate
from django.utils.translation import get_language

from accounts.models import Shop
from orders.models import Invoice, Payment, Refund, SellerOrder

Line = dict[str, Any]


def sale(part: SellerOrder) -> dict[str, Any]:
    """The invoice of `part`: what its shop sold to the buyer. Needs `order` and `shop` loaded."""
    lines = [
        {
            "title": line.title,
            "detail": _detail(line.options, line.sku),
            "quantity": line.quantity,
            "unit_minor": line.unit_price_minor,
            "discount_minor": line.discount_minor,
            "basis_points": line.tax_basis_points,
            "amount_minor": line.total_minor,
            "tax_minor": line.tax_included_minor,
        }
        for line in part.lines.order_by("pk")
    ]
    if part.shipping_name or part.shipping_minor:
        delivery = _delivery(part, part.shipping_minor, part.shipping_tax_minor)
        gross = part.shipping_minor + part.shipping_discount_minor
        discount = part.shipping_discount_minor
        lines.append(delivery | {"quantity": 1, "unit_minor": gross, "discount_minor": discount})
    return _between_shop_and_buyer(part, lines) | {"references": _of_order(part)}


def credit_note(refund: Refund, invoice: Invoice) -> dict[str, Any]:
    """What `refund` takes back of `invoice`, below zero. Needs `seller_order` loaded."""
    part = refund.seller_order
    refunded = list(refund.lines.select_related("line").order_by("line_id"))
    lines = [
        {
            "title": entry.line.title,
            "detail": _detail(entry.line.options, entry.line.sku),
            "quantity": entry.quantity,
            "basis_points": entry.line.tax_basis_points,
            "amount_minor": -entry.amount_minor,
            "tax_minor": -entry.tax_included_minor,
        }
        for entry in refunded
    ]
    if refund.shipping_minor:
        tax = refund.tax_included_minor - sum(entry.tax_included_minor for entry in refunded)
        lines.append(_delivery(part, -refund.shipping_minor, -tax))
    about = {
        "invoice": str(invoice),
        "invoice_on": invoice.content["issued_on"],
        "refunded_on": localdate(refund.succeeded_at).isoformat(),
        "reason": refund.reason,
    }
    return _between_shop_and_buyer(part, lines) | {"references": _of_order(part) | about}


def commission(shop: Shop, currency: str, month: str, lines: list[Line]) -> dict[str, Any]:
    """What the marketplace charges `shop` for `month` ("2026-10"), or takes back of it.

    `lines` name the parts of orders. Their amounts are net; VAT comes on top.
    """
    is_reverse = (
        bool(shop.vat_number)
        and str(shop.country) != settings.MARKETPLACE_COUNTRY
        and not any(line["tax_minor"] for line in lines)
    )
    return _document(currency, lines, is_net=True) | {
        "issuer": {
            "name": settings.OPERATOR_NAME,
            "lines": _lines(settings.OPERATOR_ADDRESS),
            "vat_number": settings.OPERATOR_VAT_NUMBER,
            "email": settings.OPERATOR_EMAIL,
        },
        "recipient": _trader(shop),
        "references": {"period": month},
        "is_reverse_charge": is_reverse,
    }


def _between_shop_and_buyer(part: SellerOrder, lines: list[Line]) -> dict[str, Any]:
    order = part.order
    return _document(order.currency, lines) | {
        "issuer": _trader(part.shop),
        "recipient": {
            "name": order.billing.name,
            "lines": order.billing.lines()[1:],
            "email": order.email,
        },
    }


def _document(currency: str, lines: list[Line], *, is_net: bool = False) -> dict[str, Any]:
    rates = list(_rates(lines, is_net=is_net))
    return {
        "language": get_language() or settings.LANGUAGE_CODE,
        "currency": currency,
        "is_net": is_net,
        "lines": lines,
        "rates": rates,
        "total_minor": sum(rate["gross_minor"] for rate in rates),
        "tax_minor": sum(rate["tax_minor"] for rate in rates),
    }


def _rates(lines: Iterable[Line], *, is_net: bool) -> Iterable[dict[str, int]]:
    """Net, VAT and gross by rate, the highest first."""
    lines = list(lines)
    for basis_points in sorted({line["basis_points"] for line in lines}, reverse=True):
        of_rate = [line for line in lines if line["basis_points"] == basis_points]
        amount = sum(line["amount_minor"] for line in of_rate)
        tax = sum(line["tax_minor"] for line in of_rate)
        net = amount if is_net else amount - tax
        yield {
            "basis_points": basis_points,
            "net_minor": net,
            "tax_minor": tax,
            "gross_minor": net + tax,
        }


def _delivery(part: SellerOrder, amount: int, tax: int) -> Line:
    return {
        "is_delivery": True,
        "title": part.shipping_name,
        "detail": "",
        "quantity": 0,
        "basis_points": part.shipping_tax_basis_points,
        "amount_minor": amount,
        "tax_minor": tax,
    }


def _of_order(part: SellerOrder) -> dict[str, str]:
    order = part.order
    payment = Payment.objects.filter(order=order, captured_minor__gt=0).order_by("pk").first()
    return {
        "order": part.number,
        "ordered_on": localdate(order.placed_at).isoformat(),
        "paid_on": localdate(order.paid_at).isoformat() if order.paid_at else "",
        "paid_by": payment.method if payment else "",
    }


def _trader(shop: Shop) -> dict[str, Any]:
    return {
        "name": shop.legal_name or shop.name,
        "trades_as": shop.name if shop.legal_name not in ("", shop.name) else "",
        "lines": _lines(shop.legal_address) or [shop.city, str(shop.country.name)],
        "vat_number": shop.vat_number,
        "email": shop.email,
    }


def _lines(address: str) -> list[str]:
    return [line.strip() for line in address.splitlines() if line.strip()]


def _detail(*words: str) -> str:
    return " · ".join(word for word in words if word)
