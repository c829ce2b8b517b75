"""What to ask next with what an answer names: the links of the API's document."""

from __future__ import annotations

from typing import Any

V1 = "/api/v1/"
# By what makes a thing: what takes it, and where in the answer its name stands.
LINKS: dict[str, tuple[str, str, list[str]]] = {
    "POST products/": (
        "slug",
        "slug",
        ["GET products/{slug}/", "PATCH products/{slug}/", "DELETE products/{slug}/"]
        + ["POST products/{slug}/variants/", "POST products/{slug}/images/"],
    ),
    "POST products/{slug}/variants/": ("id", "id", ["DELETE variants/{id}/"]),
    "POST checkout/": (
        "number",
        "number",
        ["GET orders/{number}/", "POST orders/{number}/payments/"]
        + ["POST orders/{number}/cancellation/", "GET orders/{number}/timeline/"],
    ),
    "POST orders/{number}/returns/": (
        "id",
        "id",
        ["GET returns/{id}/", "POST returns/{id}/withdrawal/"]
        + ["POST returns/{id}/approval/", "POST returns/{id}/rejection/"]
        + ["POST returns/{id}/pictures/"],
    ),
    "POST orders/{number}/disputes/": (
        "id",
        "id",
        ["GET disputes/{id}/", "POST disputes/{id}/withdrawal/"],
    ),
    "POST reviews/": ("id", "id", ["GET reviews/{id}/", "POST reviews/{id}/reply/"]),
}


def add_links(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """A hook of the document's generator."""
    for source, (parameter, member, targets) in LINKS.items():
        for target in targets:
            link = {
                "operationId": _operation(result, target)["operationId"],
                "parameters": {parameter: f"$response.body#/{member}"},
            }
            answer = _operation(result, source)["responses"]["201"]
            answer.setdefault("links", {})[link["operationId"]] = link
    return result


def _operation(result: dict[str, Any], name: str) -> dict[str, Any]:
    method, _space, path = name.partition(" ")
    return result["paths"][V1 + path][method.lower()]
