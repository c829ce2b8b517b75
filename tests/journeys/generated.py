"""The Python client that openapi-python-client makes of docs/openapi.yaml."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.browser.market import ROOT

COMMAND = re.compile(r"^    (openapi-python-client generate .*)$", re.MULTILINE)


def make_client(folder: Path) -> None:
    """Make it in `folder` by the command of docs/api.md. What can't be read fails."""
    [command] = COMMAND.findall((ROOT / "docs" / "api.md").read_text("utf-8"))
    program, *arguments = command.split()
    done = subprocess.run(
        [Path(sys.executable).parent / program, *arguments,
         "--meta=none", "--fail-on-warning", f"--output-path={folder}"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
