"""How the reference is written: keys, guests' tokens, examples and errors of every operation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter
from rest_framework.serializers import BaseSerializer

from marketflow.core.api import permissions, scopes
from marketflow.core.api.fields import StrictSerializer
from marketflow.core.api.idempotency import LONGEST_KEY
from marketflow.core.api.samples import sample

if TYPE_CHECKING:  # The views load this module themselves.
    from rest_framework.views import APIView

ERROR = {
    "type": "object",
    "description": "Every error. Further keys may carry facts, such as the items of a refusal.",
    "required": ["code", "detail"],
    "properties": {
        "code": {"type": "string", "examples": ["out_of_stock"]},
        "detail": {"type": "string", "description": "For people."},
        "fields": {
            "type": "object",
            "description": "With `invalid`: what is wrong, field by field.",
            "additionalProperties": True,
        },
    },
}
# Every status that an error can have: its name in the document, and when it is given.
ERRORS = {
    400: ("Invalid", "The shape is wrong; `fields` says where."),
    401: ("NotSignedIn", "Nobody is signed in, or not any more."),
    403: ("Forbidden", "A key that may not do this, or a session without its CSRF token."),
    404: ("NotFound", "It is not there, or not yours."),
    406: ("NotAcceptable", "This type of answer is not given."),
    409: ("Refused", "The market's rules say no. Further keys are the facts."),
    413: ("TooLarge", "The body is too large."),
    415: ("UnsupportedMediaType", "This type of body is not read."),
    422: ("KeyReused", "This Idempotency-Key came with another request before."),
    429: ("TooOften", "Too often."),
    503: ("Unavailable", "The service is busy."),
}
WAITING = (429, 503)
GUESTS = {
    "X-Cart-Token": "A guest's cart: the `token` that the cart's answers hand out.",
    "X-Order-Token": "A guest's order: the `token` that the checkout handed out.",
}
# Of a view that only these open to a guest: the names of their schemes in the settings.
OPENERS = {"X-Cart-Token": "cartToken", "X-Order-Token": "orderToken"}
# The name of the scheme in accounts.api.authentication.
KEY_SCHEME = "apiKey"
KEY = {
    "required": "Required: the same key and body are done once and answered the same.",
    "honoured": "With a key, the same request is done once and answered the same.",
}


class Schema(AutoSchema):
    """Reads the rest off the view.

    That is `guest_header`, `is_opened_by_token`, `scopes`, and the mark of `@idempotent`.
    """

    def get_auth(self) -> list[dict[str, list[str]]]:
        """Who may ask. A key needs the scope named; where none is, no key gets in.

        An operation that nobody has to be signed in for says so by `{}`, or by the token that
        opens it instead.
        """
        scope = scopes.wanted(self.view, self.method)
        ways = []
        for way in super().get_auth():
            if KEY_SCHEME not in way:
                ways.append(way)
            elif scope:
                ways.append({KEY_SCHEME: [scope]})
        if ways and _is_open(self.view, self.method):
            needs_token = getattr(self.view, "is_opened_by_token", False)
            ways.append({OPENERS[self.view.guest_header]: []} if needs_token else {})
        return ways

    def get_override_parameters(self) -> list[OpenApiParameter]:
        parameters = [*super().get_override_parameters()]
        header = getattr(self.view, "guest_header", "")
        if header and _is_open(self.view, self.method):
            parameters.append(_header(header, GUESTS[header]))
        if takes := _takes_key(self.view, self.method):
            is_required = takes == "required"
            text = {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY}
            parameters.append(_header("Idempotency-Key", KEY[takes], text, required=is_required))
        return parameters

    def get_summary(self) -> str:
        """The first sentence of what the method says of itself."""
        text = super().get_summary() or self.get_description() or ""
        return " ".join(text.split("\n\n")[0].split()).partition(". ")[0].rstrip(".")

    def get_examples(self) -> list[OpenApiExample]:
        examples = [*super().get_examples()]
        serializer = read_by(self)
        if serializer is not None:
            examples.append(OpenApiExample("Example", value=sample(serializer), request_only=True))
        return examples

    def _get_request_body(self, direction: str = "request") -> dict[str, Any] | None:
        """Also of a DELETE that reads one, which the generator leaves out."""
        if self.method != "DELETE" or not isinstance(read_by(self), StrictSerializer):
            return super()._get_request_body(direction)
        self.method = "PUT"
        try:
            return super()._get_request_body(direction)
        finally:
            self.method = "DELETE"


def read_by(schema: AutoSchema) -> BaseSerializer | None:
    """The serializer that reads the JSON body of an operation, if there is one."""
    if schema.method not in ("POST", "PUT", "PATCH", "DELETE"):
        return None
    found = schema.get_request_serializer()
    if isinstance(found, type) and issubclass(found, BaseSerializer):
        return found()
    return found if isinstance(found, BaseSerializer) else None


def schema_of(view: APIView, method: str) -> AutoSchema:
    """The schema that describes `method` of a view at work, as the generator would find it."""
    handler = getattr(view, method.lower(), None)
    made_for_it = getattr(handler, "kwargs", {}).get("schema")
    schema = made_for_it() if made_for_it else Schema()
    schema.view, schema.method = view, method
    return schema


def add_errors(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Every operation names the statuses of its errors, and all errors have one form."""
    result["components"]["schemas"]["Error"] = ERROR
    result["components"]["responses"] = {ERRORS[status][0]: _error(status) for status in ERRORS}
    for operations in result["paths"].values():
        for method, operation in operations.items():
            for status in _errors_of(method, operation):
                error = {"$ref": f"#/components/responses/{ERRORS[status][0]}"}
                operation["responses"].setdefault(str(status), error)
    return result


def add_changes(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """A list that is asked for changes answers those, which are no page with a number."""
    schemas = result["components"]["schemas"]
    for operations in result["paths"].values():
        for operation in operations.values():
            names = {parameter["name"] for parameter in operation.get("parameters", [])}
            if "changed_since" not in names:
                continue
            content = operation["responses"]["200"]["content"]["application/json"]
            page = content["schema"].get("$ref", "").rpartition("/")[2]
            if not page.startswith("Paginated"):
                continue  # Described by its view.
            changed = page.replace("Paginated", "Changed")
            schemas[changed] = _changed(schemas[page]["properties"]["results"])
            both = [content["schema"], {"$ref": f"#/components/schemas/{changed}"}]
            content["schema"] = {"oneOf": both}
    return result


def _changed(results: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["next", "changed_until", "results"],
        "properties": {
            "next": {"type": ["string", "null"], "format": "uri"},
            "changed_until": {"type": "string", "format": "date-time"},
            "results": results,
        },
    }


def _error(status: int) -> dict[str, Any]:
    body = {"schema": {"$ref": "#/components/schemas/Error"}}
    response = {"description": ERRORS[status][1], "content": {"application/json": body}}
    if status in WAITING:
        seconds = {"schema": {"type": "integer"}, "required": True, "description": "Seconds."}
        response["headers"] = {"Retry-After": seconds}
    return response


def _errors_of(method: str, operation: dict[str, Any]) -> list[int]:
    """Those that any operation like it can have, whether its own code raises them or not."""
    names = {parameter["name"] for parameter in operation.get("parameters", [])}
    found = {400, 404, 406, 429, 503}
    if "security" in operation:
        found |= {401, 403}
    if "auth" in operation["tags"]:
        found.add(401)
    if method != "get":
        found |= {409, 413, 415}
    if "Idempotency-Key" in names:
        found.add(422)
    return sorted(found)


def _header(
    name: str, description: str, kind: Any = OpenApiTypes.STR, *, required: bool = False
) -> OpenApiParameter:
    return OpenApiParameter(
        name, kind, OpenApiParameter.HEADER, required=required, description=description
    )


def _is_open(view: APIView, method: str) -> bool:
    return all(permissions.is_open(policy, method) for policy in view.get_permissions())


def _takes_key(view: APIView, method: str) -> str:
    handler = getattr(view, getattr(view, "action", None) or method.lower(), None)
    return getattr(handler, "takes_idempotency_key", "")
