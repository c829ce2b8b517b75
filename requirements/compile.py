"""Compile pyproject.toml's ranges into requirements/{dev,base,prod,test}.txt, pinned with hashes.

uv resolves for every platform and for all Pythons from 3.11 on: a lock made on one 3.11 alone
lacks what another patch release needs. `dev` is resolved first; the others take their versions
from it. No index address may end up in a file. Run it by `make lock`, with uv's own arguments
for an upgrade: `make lock ARGS="--upgrade-package django"`.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = {"dev": ["prod", "test", "dev"], "base": [], "prod": ["prod"], "test": ["test"]}
COMMAND = ["uv", "pip", "compile", "pyproject.toml", "--universal", "--python-version", "3.11"]
COMMAND += ["--generate-hashes", "--no-emit-index-url", "--no-annotate", "--quiet"]
COMMAND += ["--custom-compile-command", "make lock"]


def compile_one(name: str, extras: list[str], arguments: list[str]) -> None:
    target = ROOT / "requirements" / f"{name}.txt"
    command = [sys.executable, "-m", *COMMAND, "-o", str(target), *arguments]
    command += [part for extra in extras for part in ("--extra", extra)]
    if name != "dev":
        command += ["-c", str(ROOT / "requirements" / "dev.txt")]
    subprocess.run(command, cwd=ROOT, check=True)
    if re.search(r"https?://|--index-url|--find-links", target.read_text()):
        raise SystemExit(f"{target} names an address")


def main(arguments: list[str]) -> None:
    for name, extras in EXTRAS.items():
        compile_one(name, extras, arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
