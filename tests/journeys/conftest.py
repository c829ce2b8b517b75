from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import ModuleType

import pytest

from tests.journeys.generated import make_client
from tests.journeys.market import running_demo


@pytest.fixture(scope="session")
def market(tmp_path_factory):
    with running_demo(tmp_path_factory.mktemp("demo")) as market:
        yield market


@pytest.fixture(scope="session")
def client(tmp_path_factory) -> Callable[[str], ModuleType]:
    """A module of the package `marketflow_client`, by its name there."""
    folder = tmp_path_factory.mktemp("generated")
    make_client(folder / "marketflow_client")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield lambda name: import_module(f"marketflow_client.{name}")
