"""A14: the API under generated input. Whatever is sent, the answer is one that the document names.

Two requests for each operation here, the same ones each time; `make fuzz` makes up many others.
"""

from __future__ import annotations

import os
import socket
from copy import deepcopy

import pytest
from drf_spectacular.generators import SchemaGenerator

from carts.api.views import CartView
from marketflow.core import outside
from tests.access.world import World
from tests.fuzz.asking import Fuzzer

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
FEW = 2
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_name_is_looked_up(monkeypatch):
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("1.1.1.1", 443))]
    monkeypatch.setattr(outside.socket, "getaddrinfo", lambda *args, **kwargs: answer)


@pytest.fixture(scope="module")
def world(module_db) -> World:
    return World()


@pytest.fixture(scope="module")
def written() -> dict:
    return SchemaGenerator().get_schema(request=None, public=True)


@pytest.fixture
def document(written) -> dict:
    return deepcopy(written)


def test_every_answer_is_one_that_the_document_names(document, world, record_property):
    fuzzer = Fuzzer(document, EXAMPLES or FEW, is_random=bool(EXAMPLES))

    problems = fuzzer.run(world, only=os.environ.get("FUZZ_ONLY", ""))

    record_property("requests", fuzzer.asked)
    assert not problems, "\n\n".join(problems)


# --- that it would notice


def problems_with(document: dict, world: World, only: str) -> str:
    return "\n\n".join(Fuzzer(document, examples=5).run(world, only=only))


@pytest.mark.logs_errors
def test_an_exception_is_noticed(document, world, monkeypatch):
    def fail(view, request):
        raise RuntimeError("lost")

    monkeypatch.setattr(CartView, "get", fail)

    assert "Server error" in problems_with(document, world, "GET /api/v1/cart/")


def test_a_status_that_the_document_leaves_out_is_noticed(document, world):
    del document["paths"]["/api/v1/cart/items/{id}/"]["delete"]["responses"]["404"]

    assert "Received: 404" in problems_with(document, world, "DELETE /api/v1/cart/items/{id}/")


def test_an_answer_of_another_form_is_noticed(document, world):
    document["components"]["schemas"]["Cart"]["properties"]["quote"] = {"type": "integer"}

    assert "violates schema" in problems_with(document, world, "GET /api/v1/cart/")
