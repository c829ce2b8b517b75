"""Static files as production has them: hashed and compressed, once for all tests that look."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as configured
from django.core.management import call_command
from django.test import override_settings


def as_in_production(folder: Path) -> dict:
    return {
        "STATIC_ROOT": folder,
        "STATICFILES_FINDERS": ["django.contrib.staticfiles.finders.FileSystemFinder"],
        "STORAGES": configured.STORAGES
        | {"staticfiles": {"BACKEND": "marketflow.static_files.ModuleStaticFilesStorage"}},
    }


@pytest.fixture(scope="session")
def static_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("static")
    with override_settings(**as_in_production(folder)):
        call_command("collectstatic", verbosity=0, interactive=False)
    return folder


@pytest.fixture
def collected(static_folder) -> Iterator[Path]:
    with override_settings(**as_in_production(static_folder)):
        yield static_folder
