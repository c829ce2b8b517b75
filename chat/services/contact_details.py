"""Recognising what would lead a sale off the market. It is flagged, never held back."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from django.conf import settings

from chat.models import ContactRule

# Each is linear in the length of the text: no nested repetition.
MAIL = re.compile(r"[\w.+-]{1,64}\s?(?:@|\(at\)|\[at\])\s?[\w-]{1,63}(?:\.[\w-]{2,63}){1,4}", re.I)
LINK = re.compile(r"(?:https?://|www\.)[^\s<>\"']{3,200}", re.I)
DIGITS = re.compile(r"\+?\d[\d\s()/.-]{6,24}\d")
DATE = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}")
# Shorter than any telephone number with its area code, and longer than any with its country's.
FEWEST_DIGITS, MOST_DIGITS = 9, 15


def found(text: str) -> list[str]:
    """The kinds of contact details in `text`, by the rules that staff keep: "mail", "link" …"""
    if not text:
        return []
    rules = ContactRule.in_force()
    return [kind for kind, phrases in rules if SEARCHES[kind](text, phrases)]


def notices() -> dict[str, str]:
    """What somebody is told whose message was flagged, by the kind of what was found."""
    return dict(ContactRule.objects.exclude(notice="").values_list("kind", "notice"))


def _has_mail(text: str, allowed: list[str]) -> bool:
    return any(not _is_allowed(mail, allowed) for mail in MAIL.findall(text))


def _has_phone(text: str, allowed: list[str]) -> bool:
    # A tracking number in a link, or a date, is no telephone number.
    plain = DATE.sub(" ", LINK.sub(" ", text))
    for digits in DIGITS.findall(plain):
        number = re.sub(r"\D", "", digits)
        is_long_enough = FEWEST_DIGITS <= len(number) <= MOST_DIGITS
        looks_like_one = digits.startswith(("+", "0")) or not digits.isdigit()
        if is_long_enough and looks_like_one and not _is_allowed(digits, allowed):
            return True
    return False


def _has_link(text: str, allowed: list[str]) -> bool:
    here = urlsplit(settings.SITE_URL).hostname or ""
    return any(_host(link) not in _hosts([here, *allowed], _host(link)) for link in links(text))


def _has_words(text: str, phrases: list[str]) -> bool:
    plain = " ".join(text.lower().split())
    return any(phrase in plain for phrase in phrases)


def links(text: str) -> list[str]:
    return LINK.findall(text)


def _host(link: str) -> str:
    address = link if "://" in link else f"https://{link}"
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return link
    return host.lower().removeprefix("www.")


def _hosts(allowed: Iterable[str], host: str) -> set[str]:
    """`host` itself where it is one of `allowed` or below one of them."""
    return {
        host for domain in allowed if domain and (host == domain or host.endswith(f".{domain}"))
    }


def _is_allowed(text: str, allowed: list[str]) -> bool:
    return any(entry in text.lower() for entry in allowed)


SEARCHES = {
    ContactRule.Kind.MAIL: _has_mail,
    ContactRule.Kind.PHONE: _has_phone,
    ContactRule.Kind.LINK: _has_link,
    ContactRule.Kind.WORDS: _has_words,
}
