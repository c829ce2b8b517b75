from __future__ import annotations

import pytest
from django.test import Client


@pytest.fixture
def client_of_another():
    """A second browser."""
    return Client()
