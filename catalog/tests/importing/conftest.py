from __future__ import annotations

import pytest

from catalog.tests.importing.files import Seller


@pytest.fixture
def seller(tmp_path) -> Seller:
    """Fern, who hands in files; only her hands, no account."""
    return Seller(tmp_path)
