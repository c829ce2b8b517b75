"""What is not there, or not the caller's, is a 404 before anything else is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # The views load this module themselves.
    from rest_framework.views import APIView


def require_there(view: APIView) -> None:
    """Look for what the address names, and do no more. Raises Http404."""
    if view.kwargs and hasattr(view, "get_object"):
        view.get_object()
