from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture
def media_root(settings, tmp_path):
    """Both storages in a folder of the test's own: `media` is public, `private` is not."""
    storages = deepcopy(settings.STORAGES)
    storages["private"]["OPTIONS"]["location"] = tmp_path / "private"
    settings.STORAGES = storages
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Catalogues of other platforms, which lie beside the repository and never in it."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"no test catalogues: {SHARED_DATA} is not there")
    return SHARED_DATA
