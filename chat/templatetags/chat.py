"""What people wrote, shown as text: only the links in it are made to lead somewhere."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from django import template
from django.conf import settings
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from chat.services.contact_details import LINK

register = template.Library()


@register.filter
def linked(text: str) -> SafeString:
    """`text`, escaped, with its line breaks; links of other sites lead past a warning."""
    parts, end = [], 0
    for found in LINK.finditer(text):
        parts += [escape(text[end : found.start()]), _link(found.group())]
        end = found.end()
    parts.append(escape(text[end:]))
    return mark_safe("".join(parts).replace("\n", "<br>"))


def _link(written: str) -> str:
    # A full stop at the end is the sentence's.
    address = written.rstrip(".,;:!?)]")
    rest = written[len(address) :]
    target = address if "://" in address else f"https://{address}"
    try:
        host = urlsplit(target).hostname
    except ValueError:
        return escape(written)
    if host != urlsplit(settings.SITE_URL).hostname:
        target = f"{reverse('chat:leave')}?{urlencode({'to': target})}"
    return f'<a href="{escape(target)}" rel="nofollow ugc">{escape(address)}</a>{escape(rest)}'
