from __future__ import annotations

import pytest

from tests.journeys.market import running_demo


@pytest.fixture(scope="session")
def market(tmp_path_factory):
    with running_demo(tmp_path_factory.mktemp("demo")) as market:
        yield market
