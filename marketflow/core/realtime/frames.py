from __future__ import annotations

import json
from functools import cached_property

# The type of a frame that says of its group: something may have been pushed and not told.
MISSED = "missed"


class Frame(dict):
    """What was pushed, and its text: encoded once per process, however many sockets get it.

    All of them share it, so nobody changes it.
    """

    @cached_property
    def text(self) -> str:
        return encode(self)


def encode(content: object) -> str:
    return json.dumps(content, separators=(",", ":"))
