"""A message as open pages and programs get it: the one shape of it."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from chat.models import Attachment, Message, Proposal


def frame(message: Message) -> dict[str, Any]:
    """Everything that either side is shown. `member` is for colleagues: `for_side` takes it out.

    Reads what `for_frames` loads, and the people of the conversation.
    """
    return {
        "seq": message.seq,
        "id": str(message.uuid),
        "client_id": str(message.client_id),
        "author": message.author_name,
        "side": message.side,
        "member": message.member_name,
        "kind": message.kind,
        "body": message.body,
        "created_at": _moment(message.created_at),
        "edited_at": _moment(message.edited_at),
        "is_deleted": message.deleted_at is not None,
        "seller_order": message.part.number if message.part else None,
        "product": message.product.slug if message.product else None,
        "attachments": [_attachment(file) for file in message.files],
        "proposal": _proposal(message),
    }


def for_side(frame: dict[str, Any], side: str) -> dict[str, Any]:
    """What a buyer gets names the shop alone, whoever of it wrote."""
    return frame if side == "shop" else {key: frame[key] for key in frame if key != "member"}


def _attachment(file: Attachment) -> dict[str, Any]:
    return {
        "id": str(file.uuid),
        "kind": file.kind,
        "name": file.name,
        "bytes": file.bytes,
        "url": reverse("chat:attachment", args=[file.uuid]),
    }


def _proposal(message: Message) -> dict[str, Any] | None:
    if message.kind != Message.Kind.PROPOSAL:
        return None
    proposal: Proposal = message.proposal
    amount = {"amount": proposal.amount_minor, "currency": proposal.currency}
    return {
        "kind": proposal.kind,
        "state": proposal.state,
        "seller_order": proposal.part.number,
        "amount": amount if proposal.amount_minor else None,
    }


def _moment(moment: Any) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None
