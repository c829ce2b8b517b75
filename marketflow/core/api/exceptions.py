"""Every error in one shape: `{"code", "detail", "fields"?}`, and the facts of a refusal."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404
from rest_framework.exceptions import APIException, NotFound, Throttled, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_exception_handler
from rest_framework.views import set_rollback

from marketflow.core.api.parsers import TooLarge
from marketflow.core.errors import Refusal
from marketflow.core.middleware import RETRY_AFTER, is_passing
from marketflow.core.rate_limits import TooMany

INVALID = "Some of this can't be accepted."
NOT_FOUND = {"code": "not_found", "detail": "There is nothing here for you."}


def exception_handler(exc: Exception, context: dict) -> Response | None:
    """DRF's hook. Anything that is no API error, refusal or passing failure stays a 500."""
    if isinstance(exc, TooMany):
        set_rollback()
        body = {"code": exc.code, "detail": exc.message}
        return Response(body, status=429, headers={"Retry-After": str(exc.retry_after)})
    if isinstance(exc, Refusal):
        set_rollback()
        return Response({**exc.facts, "code": exc.code, "detail": exc.message}, status=409)
    if is_passing(exc):
        body = {"code": "unavailable", "detail": "The service is busy. Try again in a moment."}
        return Response(body, status=503, headers={"Retry-After": RETRY_AFTER})

    if isinstance(exc, RequestDataTooBig):
        # The fields of a form, beside its file.
        exc = TooLarge()

    response = drf_exception_handler(exc, context)
    if response is None:
        return None
    if isinstance(exc, Http404 | NotFound):
        # What is foreign and what never was answer with the same bytes.
        response.data = NOT_FOUND
    elif isinstance(exc, ValidationError):
        response.data = _invalid(exc)
    else:
        response.data = _plain(exc, response.data)
    if isinstance(exc, Throttled) and exc.wait:
        response["Retry-After"] = str(max(1, round(exc.wait)))
    return response


def _invalid(exc: ValidationError) -> dict[str, Any]:
    detail = exc.detail if isinstance(exc.detail, dict) else {"non_field_errors": exc.detail}
    return {
        "code": "invalid",
        "detail": INVALID,
        "fields": {name: texts(errors) for name, errors in detail.items()},
    }


def texts(errors: Any) -> Any:
    """What is wrong with which field, as it goes over the wire."""
    if isinstance(errors, dict):
        return {name: texts(inner) for name, inner in errors.items()}
    if isinstance(errors, list):
        return [texts(error) for error in errors]
    return str(errors)


def _plain(exc: Exception, data: Any) -> dict[str, Any]:
    if isinstance(exc, PermissionDenied):
        return {"code": "permission_denied", "detail": "You may not do this."}
    code = exc.get_codes() if isinstance(exc, APIException) else "error"
    if not isinstance(code, str):
        code = getattr(exc, "default_code", "error")
    detail = data.get("detail", "") if isinstance(data, dict) else str(data)
    return {**getattr(exc, "facts", {}), "code": code, "detail": str(detail)}
