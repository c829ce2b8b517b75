from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import pytest
from django.conf import settings


@pytest.fixture
def media_root(settings, tmp_path):
    """Both storages in a folder of the test's own: `media` is public, `private` is not."""
    storages = deepcopy(settings.STORAGES)
    storages["private"]["OPTIONS"]["location"] = tmp_path / "private"
    settings.STORAGES = storages
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path


@pytest.fixture
def shared_data() -> Path:
    """Real catalogues, kept beside the repository and never in it."""
    folder = Path(settings.BASE_DIR).parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"REAL CATALOGUES NOT TESTED: there is no folder {folder}")
    return folder
