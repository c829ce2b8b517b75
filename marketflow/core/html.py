"""Other people's HTML: the one list of what may stay, and plain text made into paragraphs."""

from __future__ import annotations

import re
from html import escape

import nh3

TAGS = frozenset({
    "a", "b", "blockquote", "br", "code", "dd", "del", "dl", "dt", "em", "h2", "h3", "h4", "h5",
    "h6", "hr", "i", "ins", "li", "ol", "p", "pre", "s", "small", "strong", "sub", "sup", "table",
    "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul",
})  # fmt: skip
ATTRIBUTES = {
    "a": {"href", "title"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
}
BLOCKS = re.compile(
    r"<(?:p|br|div|ul|ol|li|table|h[1-6]|blockquote|pre|section|article|dl|hr)\b", re.IGNORECASE
)
# Nesting beyond this is no text but an attack on the parser, and costs time without end.
MOST_OPEN_TAGS = 5_000


def clean_html(text: str) -> str:
    """`text` with only the allowed tags; links are http or https and `nofollow ugc`.

    Cleaning twice changes nothing. A text with more tags than any description has is shown as
    the plain text it is.
    """
    if not text.strip():
        return ""
    if text.count("<") > MOST_OPEN_TAGS:
        return text_to_html(re.sub(r"<[^<>]*>", " ", text))
    return nh3.clean(
        text.replace("\x00", ""),
        tags=set(TAGS),
        attributes=ATTRIBUTES,
        url_schemes={"http", "https"},
        link_rel="nofollow ugc",
    ).strip()


def clean_loose_html(text: str) -> str:
    """As `clean_html`, for sources whose line breaks count where no block tags are written."""
    return clean_html(text if BLOCKS.search(text) else paragraphs(text))


def text_to_html(text: str) -> str:
    """Plain text as HTML: blank lines part paragraphs, single ones are line breaks."""
    return paragraphs(escape(text, quote=False))


def paragraphs(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").strip()
    if not text:
        return ""
    parts = [part.strip() for part in re.split(r"\n\s*\n", text)]
    return "\n".join(f"<p>{part.replace(chr(10), '<br>')}</p>" for part in parts if part)
