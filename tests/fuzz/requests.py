"""Requests made up from the document, of which some name what there is in the world of A12."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode

from accounts.services.tokens import sign_in
from carts.services import pricing
from catalog.models import Variant
from marketflow.core.api.samples import BY_NAME
from orders.models import OrderLine, SellerOrder
from tests.access.routes import Route
from tests.access.world import World

JSON = "application/json"
# Of these any text is as good as the one in the reference.
FREE = {"body", "description", "name", "reason", "shipping", "slug", "tags", "title"}
# In ten. The first request that Hypothesis makes has every 0: the documented example, of what is
# there.
MOSTLY = 9
Draw = Callable[[st.SearchStrategy], Any]


def known(world: World) -> dict[str, list[Any]]:
    """By the names of fields and parameters: values that mean something here."""
    bowl = Variant.objects.filter(product__shop=world.shop).first()
    parts = SellerOrder.objects.filter(shop=world.shop)
    lines = OrderLine.objects.filter(seller_order__in=parts).values_list("uuid", flat=True)
    values = {name: [value] for name, value in BY_NAME.items() if name not in FREE}
    return values | {
        "address_id": [str(world.address.uuid)],
        "code": ["FERN10"],
        "delta": [1, -1],
        "events": [["order.paid"], ["*"]],
        "id": [str(uuid) for uuid in lines],
        "order_line": [str(uuid) for uuid in lines],
        "product": [bowl.product.slug],
        "q": ["lamp"],
        "quantity": [1, 2],
        "quote": [pricing.price(world.cart).quote],
        "refresh": [sign_in(world.people["ana"]).refresh],
        "seller_order": [part.number for part in parts],
        "shop": [world.shop.slug],
        "sku": [bowl.sku],
        "changed_since": ["2020-01-01T00:00:00Z"],
        "since": ["2026-01-01T00:00:00Z"],
        "url": ["https://hooks.example/market"],
        "variant": [str(bowl.uuid)],
    }


def requests(
    operation: APIOperation, world: World, values: dict[str, list[Any]]
) -> st.SearchStrategy[Case]:
    """Well formed or not, of things that there are or not."""
    own = _own(operation, world)

    @st.composite
    def request(draw: Draw) -> Case:
        mode = draw(st.sampled_from([GenerationMode.POSITIVE, GenerationMode.NEGATIVE]))
        place = own if own and draw(st.integers(0, 9)) < MOSTLY else None
        case = draw(operation.as_strategy(generation_mode=mode, path_parameters=place))
        if case.query and draw(st.booleans()):
            case.query = _filled(draw, case.query, values)
        if case.media_type == JSON and isinstance(case.body, dict):
            kind = draw(st.sampled_from(["example", "filled", "as it is"]))
            if kind == "example" and mode == GenerationMode.POSITIVE:
                case.body = _example(operation)
            if kind != "as it is":
                case.body = _filled(draw, case.body, values)
        return case

    return request()


def _own(operation: APIOperation, world: World) -> dict[str, str]:
    """The parameters of the address, of what Ana or Fern & Co own."""
    name = operation.path.lstrip("/").replace("{", "<").replace("}", ">")
    route = Route(name, None, ())
    values = world.parameters(route) or {"slug": world.shop.slug}
    return {name: str(values[name]) for name in route.parameters & set(values)}


def _example(operation: APIOperation) -> dict[str, Any]:
    written = operation.definition.raw["requestBody"]["content"][JSON]["examples"]
    return deepcopy(written["Example"]["value"])


def _filled(draw: Draw, value: Any, values: dict[str, list[Any]]) -> Any:
    if isinstance(value, list):
        return [_filled(draw, item, values) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: draw(st.sampled_from(values[name]))
        if name in values and draw(st.integers(0, 9)) < MOSTLY
        else _filled(draw, inner, values)
        for name, inner in value.items()
    }
