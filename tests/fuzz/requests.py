"""Requests made up from the document, of which some name what there is in the world of A12."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode

from accounts.services.tokens import sign_in
from carts.services import pricing
from catalog.models import Variant
from marketflow.core.api.samples import BY_NAME
from orders.models import OrderLine, SellerOrder
from tests.fuzz.stage import JSON, Stage, example

# Of these any text is as good as the one in the reference.
FREE = {"body", "description", "name", "reason", "shipping", "slug", "tags", "title"}
# In ten. The first request that Hypothesis makes has every 0: the documented example, of what is
# there.
MOSTLY = 9
Draw = Callable[[st.SearchStrategy], Any]


def known(stage: Stage) -> dict[str, list[Any]]:
    """By the names of fields and parameters: values that mean something here."""
    bowl = Variant.objects.filter(product__shop=stage.shop).first()
    parts = SellerOrder.objects.filter(shop=stage.shop)
    lines = OrderLine.objects.filter(seller_order__in=parts).values_list("uuid", flat=True)
    values = {name: [value] for name, value in BY_NAME.items() if name not in FREE}
    return values | {
        "address_id": [str(stage.address.uuid)],
        "code": ["FERN10"],
        "delta": [1, -1],
        "events": [["order.paid"], ["*"]],
        "id": [str(uuid) for uuid in lines],
        "order_line": [str(uuid) for uuid in lines],
        "product": [bowl.product.slug],
        "q": ["lamp"],
        "quantity": [1, 2],
        "quote": [pricing.price(stage.cart).quote],
        "refresh": [sign_in(stage.people["ana"]).refresh],
        "seller_order": [part.number for part in parts],
        "shop": [stage.shop.slug],
        "sku": [bowl.sku],
        "changed_since": ["2020-01-01T00:00:00Z"],
        "since": ["2026-01-01T00:00:00Z"],
        "url": ["https://hooks.example/market"],
        "variant": [str(bowl.uuid)],
    }


def requests(
    operation: APIOperation, stage: Stage, values: dict[str, list[Any]]
) -> st.SearchStrategy[Case]:
    """Well formed or not, of things that there are or not."""
    own = stage.place(operation)

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
                case.body = example(operation)
            if kind != "as it is":
                case.body = _filled(draw, case.body, values)
        return case

    return request()


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
