from __future__ import annotations

from dataclasses import dataclass

from marketflow.core.events import Event


@dataclass(frozen=True, kw_only=True)
class GuestAsked(Event):
    """Who has no account wants to be told of stock. `asking` tells one asking from the next."""

    request_id: int
    asking: str
