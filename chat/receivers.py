"""What conversations do when something happens to the orders they are about."""

from __future__ import annotations

from chat import timeline  # noqa: F401  Orders' timelines tell what is said about them.
from chat.services import proposals
from marketflow.core.events import subscribe
from orders.events import ReturnAnswered
from orders.models import Return


@subscribe(ReturnAnswered)
def answer_where_it_was_asked(event: ReturnAnswered) -> None:
    proposals.follow_return(parcel=Return.objects.get(pk=event.return_id))
