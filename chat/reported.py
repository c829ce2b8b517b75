"""What staff read with a report: what was said before it and a little after, a page at a time."""

from __future__ import annotations

from chat.models import Report
from chat.querysets import MessageQuerySet

A_PAGE = 20
AFTER = 5


def messages(report: Report) -> MessageQuerySet:
    """Those that belong to `report`: what was said long after it is none of them."""
    return report.conversation.messages.filter(seq__lte=_last(report))


def entries(report: Report, *, before: int = 0) -> dict[str, object]:
    """The last of `messages`, or the last `before` a number; and where the pages beside end."""
    after_last = _last(report) + 1
    end = min(before or after_last, after_last)
    rows = messages(report).with_contents().filter(seq__lt=end).order_by("-seq")
    shown = list(rows[:A_PAGE])[::-1]
    return {
        "report": report,
        "entries": shown,
        "older": shown[0].seq if shown and shown[0].seq > 1 else 0,
        "newer": min(end + A_PAGE, after_last) if end < after_last else 0,
    }


def _last(report: Report) -> int:
    newest = report.conversation.last_seq
    return min(report.message.seq + AFTER, newest) if report.message else newest
