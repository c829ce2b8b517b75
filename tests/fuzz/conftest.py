"""One stage for a module, its document, and no network."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from copy import deepcopy

import pytest
from django.conf import settings
from django.test import override_settings
from drf_spectacular.generators import SchemaGenerator

from marketflow.core import outside
from tests.fuzz.stage import Stage


@pytest.fixture(autouse=True)
def no_name_is_looked_up(monkeypatch):
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("1.1.1.1", 443))]
    monkeypatch.setattr(outside.socket, "getaddrinfo", lambda *args, **kwargs: answer)


@pytest.fixture(scope="module")
def stage(module_db, tmp_path_factory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("private")
    private = settings.STORAGES["private"] | {"OPTIONS": {"location": folder, "base_url": None}}
    with override_settings(STORAGES=settings.STORAGES | {"private": private}):
        yield Stage()


@pytest.fixture(scope="module")
def written() -> dict:
    return SchemaGenerator().get_schema(request=None, public=True)


@pytest.fixture
def document(written) -> dict:
    return deepcopy(written)
