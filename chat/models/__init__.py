"""Conversations between a buyer and a shop, and what a shop and the staff set for them."""

from chat.models.contact_rule import ContactRule
from chat.models.conversation import Conversation, Seat, Side
from chat.models.desk import Desk, QuickReply
from chat.models.message import Attachment, Message
from chat.models.proposal import Proposal
from chat.models.report import Report

__all__ = [
    "Attachment",
    "ContactRule",
    "Conversation",
    "Desk",
    "Message",
    "Proposal",
    "QuickReply",
    "Report",
    "Seat",
    "Side",
]
