from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings

from catalog.tests.importing.files import Seller


@pytest.fixture
def shared_data() -> Path:
    """Real catalogues, kept beside the repository and never in it."""
    folder = Path(settings.BASE_DIR).parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"REAL CATALOGUES NOT TESTED: there is no folder {folder}")
    return folder


@pytest.fixture
def seller(tmp_path) -> Seller:
    """Fern, who hands in files; only her hands, no account."""
    return Seller(tmp_path)
