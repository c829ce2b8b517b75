"""Why a socket is closed, as the contract says it."""

from __future__ import annotations

NOT_UNDERSTOOD = 4400
NOT_SIGNED_IN = 4401
NOT_YOURS = 4403
TOO_SLOW = 4408
TOO_LARGE = 4413
TOO_MANY = 4429

# Registered codes, for what is our fault: whoever gets one comes back and catches up.
FAILED = 1011
COME_BACK = 1012
LATER = 1013


class TurnAway(Exception):
    """Raised by a consumer that ends the socket; `code` says why."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code
