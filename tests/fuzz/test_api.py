"""A14: the API under generated input. Whatever is sent, the answer is one that the document names.

Of each operation one request that is done for somebody, so that no answer goes unread, and two
that are made up, the same ones each time; `make fuzz` makes up many others.
"""

from __future__ import annotations

import os

import pytest

from carts.api.views import CartView
from carts.api.wish_list import WishListViewSet
from carts.models import WishListItem
from marketflow.core.api.permissions import AllowAny
from tests.fuzz.asking import Fuzzer
from tests.fuzz.stage import Stage

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
FEW = 2
pytestmark = pytest.mark.django_db


def test_every_answer_is_one_that_the_document_names(document, stage, record_property):
    fuzzer = Fuzzer(document, EXAMPLES or FEW, is_random=bool(EXAMPLES))

    problems = fuzzer.run(stage, only=os.environ.get("FUZZ_ONLY", ""))

    record_property("requests", fuzzer.asked)
    assert not problems, "\n\n".join(problems)
    refused = [f"{label} {sorted(told)}" for label, told in fuzzer.never_done.items()]
    assert not refused, "\n\n".join(refused)


# --- that it would notice


def test_an_operation_that_is_done_for_nobody_is_noticed(document, stage, monkeypatch):
    monkeypatch.setattr(stage, "wanted", dict)
    fuzzer = Fuzzer(document, examples=1)

    fuzzer.run(stage, only="POST /api/v1/auth/password/reset/confirm/")

    assert list(fuzzer.never_done) == ["POST /api/v1/auth/password/reset/confirm/"]


def problems_with(document: dict, stage: Stage, only: str) -> str:
    return "\n\n".join(Fuzzer(document, examples=5).run(stage, only=only))


@pytest.mark.logs_errors
def test_an_exception_is_noticed(document, stage, monkeypatch):
    def fail(view, request):
        raise RuntimeError("lost")

    monkeypatch.setattr(CartView, "get", fail)

    assert "Server error" in problems_with(document, stage, "GET /api/v1/cart/")


def test_a_status_that_the_document_leaves_out_is_noticed(document, stage):
    del document["paths"]["/api/v1/cart/items/{id}/"]["delete"]["responses"]["404"]

    assert "Received: 404" in problems_with(document, stage, "DELETE /api/v1/cart/items/{id}/")


def test_an_answer_of_another_form_is_noticed(document, stage):
    document["components"]["schemas"]["Cart"]["properties"]["quote"] = {"type": "integer"}

    assert "violates schema" in problems_with(document, stage, "GET /api/v1/cart/")


def test_an_operation_that_is_open_and_should_not_be_is_noticed(document, stage, monkeypatch):
    monkeypatch.setattr(WishListViewSet, "permission_classes", [AllowAny])
    monkeypatch.setattr(WishListViewSet, "get_queryset", lambda view: WishListItem.objects.none())

    assert "without authentication" in problems_with(document, stage, "GET /api/v1/wishlist/")
