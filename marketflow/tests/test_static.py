"""Static files as production stores them: every address leads to a hashed file."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from django.conf import settings

JS = Path(settings.BASE_DIR) / "static" / "js"
MODULES = sorted(JS.rglob("*.js"))
IMPORT = re.compile(r"""^import\s[^"']*["']([^"']+)["'](;?)|import\(\s*["']""", re.MULTILINE)
ADDRESS = re.compile(r"""(?:\bfrom|^import|\bimport\()\s*["']([^"']+)["']""", re.MULTILINE)
URL = re.compile(r"""url\(["']?((?!data:)[^"')]+)""")
HASHED = re.compile(r"\.[0-9a-f]{12}\.\w+$")


def hashed(folder: Path, kind: str) -> list[Path]:
    return [path for path in folder.rglob(f"*.{kind}") if HASHED.search(path.name)]


def test_every_import_and_every_url_leads_to_a_hashed_file(collected):
    # An import left plain loads a second copy of its module; one hashed twice leads nowhere.
    links = [
        (p, to) for p in hashed(collected / "js", "js") for to in ADDRESS.findall(p.read_text())
    ]
    links += [
        (p, to) for p in hashed(collected / "css", "css") for to in URL.findall(p.read_text())
    ]

    assert any(path.suffix == ".js" for path, _ in links)
    assert any(path.suffix == ".css" for path, _ in links)
    for path, to in links:
        assert HASHED.search(to), f"{path.name}: {to}"
        assert (path.parent / to).is_file(), f"{path.name}: {to}"


def test_files_are_compressed_once_for_all(collected):
    (sheet,) = [p for p in hashed(collected / "css", "css") if p.name.startswith("app.")]

    assert sheet.with_name(f"{sheet.name}.gz").is_file()
    assert sheet.with_name(f"{sheet.name}.br").is_file()


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(JS).as_posix())
def test_imports_come_first_and_are_written_so_that_they_are_hashed(module):
    text = module.read_text()
    imports = list(IMPORT.finditer(text))

    for found in imports:
        assert found[1], "imports inside the code are not rewritten"
        assert found[1].startswith(("./", "../"))
        assert found[2] == ";"
        assert (module.parent / found[1]).is_file()
    above = text[: imports[-1].end()] if imports else ""
    assert "export" not in above
    assert not re.search(r"^export[^;]*\bfrom\b", text, flags=re.MULTILINE)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(JS).as_posix())
def test_modules_need_no_markup_in_strings(module):
    # What comes from data becomes text, never markup; and the policy forbids written styles.
    assert not re.search(
        r"innerHTML|insertAdjacentHTML|eval\(|new Function|\.cssText", module.read_text()
    )


def test_the_beacon_is_one_small_file():
    # Nothing waits for it, so it is not among what a page carries (test_look).
    text = (JS / "beacon.js").read_bytes()

    assert b"import" not in text
    assert len(gzip.compress(text, 9)) <= 1024


def test_every_vendored_file_has_its_licence_beside_it():
    vendor = Path(settings.BASE_DIR) / "static" / "vendor"

    for entry in vendor.iterdir():
        if entry.is_dir():
            assert (entry / "LICENSE").is_file(), entry.name
        elif entry.suffix == ".js":
            assert entry.with_name(entry.name.replace(".min.js", ".LICENSE")).is_file()
