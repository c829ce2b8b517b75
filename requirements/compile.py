"""Compile pyproject.toml's ranges into requirements/{dev,base,prod,test}.txt, pinned with hashes.

And what is measured beside us, into benchmarks/oscar/requirements.txt.

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
RIVAL = Path("benchmarks", "oscar", "requirements")
COMMAND = ["uv", "pip", "compile", "--universal", "--python-version", "3.11"]
COMMAND += ["--generate-hashes", "--no-emit-index-url", "--no-annotate", "--quiet"]
COMMAND += ["--custom-compile-command", "make lock"]


def compile_one(name: str, extras: list[str], arguments: list[str]) -> None:
    arguments = [*arguments, *(part for extra in extras for part in ("--extra", extra))]
    if name != "dev":
        arguments += ["-c", str(ROOT / "requirements" / "dev.txt")]
    resolve("pyproject.toml", ROOT / "requirements" / f"{name}.txt", arguments)


def resolve(source: str, target: Path, arguments: list[str]) -> None:
    command = [sys.executable, "-m", *COMMAND, source, "-o", str(target), *arguments]
    subprocess.run(command, cwd=ROOT, check=True)
    if re.search(r"https?://|--index-url|--find-links", target.read_text()):
        raise SystemExit(f"{target} names an address")


def main(arguments: list[str]) -> None:
    for name, extras in EXTRAS.items():
        compile_one(name, extras, arguments)
    resolve(f"{RIVAL}.in", ROOT / f"{RIVAL}.txt", arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
