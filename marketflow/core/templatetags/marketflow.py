"""What templates of every app share: icons, amounts, stars, placeholder art."""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from babel.core import Locale, UnknownLocaleError
from babel.numbers import format_currency, get_currency_precision
from django import template
from django.core.paginator import Page
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, to_locale

from marketflow.core import time_zones
from marketflow.core.money import Money

register = template.Library()

SPRITE = "vendor/lucide/icons.svg"
FALLBACK_LOCALE = "en_GB"


@register.simple_tag
def icon(name: str, variant: str = "") -> SafeString:
    """`{% icon "heart" %}`: decoration, so the control around it needs a name of its own."""
    classes = f"icon icon--{variant}" if variant else "icon"
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        classes,
        static(SPRITE),
        name,
    )


@register.simple_tag
def moment(value: datetime | None, form: str, css: str = "") -> SafeString:
    """`{% moment order.expires_at "H:i" %}`: in the visitor's zone, or naming the one it is in.

    The script writes it anew by `data-form` while the server does not know the zone.
    """
    if value is None:
        return SafeString("")
    return format_html(
        '<time{} datetime="{}" data-form="{}">{}</time>',
        format_html(' class="{}"', css) if css else "",
        value.isoformat(),
        form,
        time_zones.in_words(value, form),
    )


@register.filter
def money(value: Money | None) -> str:
    """`{{ order.total|money }}`: "€12.50", as the reader's language writes it."""
    if value is None:
        return ""
    amount = Decimal(value.amount).scaleb(-get_currency_precision(value.currency))
    return _with_minus(format_currency(amount, value.currency, locale=_locale()))


@register.filter
def whole_money(value: Money | None) -> str:
    """`money` without empty decimals, for chips and badges: "€20", but "€19.99"."""
    if value is None:
        return ""
    amount = Decimal(value.amount).scaleb(-get_currency_precision(value.currency))
    if amount != amount.to_integral_value():
        return money(value)
    return _with_minus(
        format_currency(
            amount, value.currency, format="¤#,##0", locale=_locale(), currency_digits=False
        )
    )


def _with_minus(text: str) -> str:
    """A real minus sign: it is as wide as a digit and never breaks a line."""
    return text.replace("-", "\N{MINUS SIGN}", 1)


def _locale() -> Locale:
    try:
        return Locale.parse(to_locale(get_language() or FALLBACK_LOCALE))
    except (UnknownLocaleError, ValueError):
        return Locale.parse(FALLBACK_LOCALE)


@register.filter
def star_class(rating: float | Decimal | None) -> str:
    """`stars--47` for 4.7: the style sheet has one class per tenth."""
    tenths = (Decimal(str(rating or 0)) * 10).to_integral_value(ROUND_HALF_UP)
    return f"stars--{min(50, max(0, int(tenths))):02d}"


@register.simple_tag
def art(seed: object, kind: str = "") -> str:
    """The address of a placeholder picture: `<img src="{% art product.slug "mug" %}" …>`."""
    return reverse("art", args=[f"{kind}-{seed}" if kind else str(seed)])


@register.filter
def at_most(count: int, most: int) -> str:
    """`{{ unread|at_most:9 }}`: "9+" for more. News are counted to nine, items to ninety-nine."""
    return f"{most}+" if count > most else str(count)


@register.filter
def page_numbers(page: Page) -> list[int | None]:
    """The numbers of a pager, None where some are left out."""
    numbers = page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    return [number if isinstance(number, int) else None for number in numbers]
