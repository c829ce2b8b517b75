"""Reading a body by its serializer: what it does not name, or does not fit, is a 400."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.serializers import Serializer

from marketflow.core.api.fields import Nothing


def validated(
    serializer: type[Serializer], request: Request, *, partial: bool = False
) -> dict[str, Any]:
    """The values of the body. Raises ValidationError, which is answered with 400."""
    reader = serializer(data=request.data, partial=partial)
    reader.is_valid(raise_exception=True)
    return dict(reader.validated_data)


def require_nothing(request: Request) -> None:
    """For what takes no body: whoever sends a field means something by it. Raises the same.

    Some clients write `null` where they have nothing to say.
    """
    if request.data is not None:
        validated(Nothing, request)
