"""Open pages: what is pushed to them, and the sockets that hear it (docs/sockets.md).

What travels here is a hint: it may be lost. The facts are in the database, and a page that
reconnects reads them again.
"""

from marketflow.core.realtime.codes import (
    NOT_SIGNED_IN,
    NOT_UNDERSTOOD,
    NOT_YOURS,
    TOO_LARGE,
    TOO_MANY,
    TOO_SLOW,
    TurnAway,
)
from marketflow.core.realtime.consumer import NotUnderstood, PushConsumer
from marketflow.core.realtime.credentials import PROTOCOL, Credential
from marketflow.core.realtime.frames import MISSED, Frame
from marketflow.core.realtime.pushing import (
    apush,
    is_heard,
    push,
    push_on_commit,
    recheck,
    revoke,
    user_group,
)

__all__ = [
    "MISSED",
    "NOT_SIGNED_IN",
    "NOT_UNDERSTOOD",
    "NOT_YOURS",
    "PROTOCOL",
    "TOO_LARGE",
    "TOO_MANY",
    "TOO_SLOW",
    "Credential",
    "Frame",
    "NotUnderstood",
    "PushConsumer",
    "TurnAway",
    "apush",
    "is_heard",
    "push",
    "push_on_commit",
    "recheck",
    "revoke",
    "user_group",
]
