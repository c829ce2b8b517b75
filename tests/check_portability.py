"""Nothing in the repository may tie it to one machine: no address of a package registry, no
absolute path of somebody's home. `make lint` runs this over all files git knows."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Written so that the pattern does not find itself.
REGISTRIES = r"py[p]i[.]org|pythonhoste[d][.]org|npmj[s][.](?:org|com)|de[b][.]debian[.]org"
HOMES = r"(?<![\w.])/(?:home|Users)/[a-z]\w*/|/[r]oot/"


def forbidden() -> re.Pattern[str]:
    here = {str(Path.home()), str(ROOT.parent)} - {"/"}
    return re.compile("|".join([REGISTRIES, HOMES, *(re.escape(f"{path}/") for path in here)]))


def tracked() -> list[Path]:
    """With what is new and not ignored, so that it speaks before the commit."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name for name in listed.decode().split("\0") if name]


def complaints(path: Path, pattern: re.Pattern[str]) -> list[str]:
    try:
        lines = path.read_text().splitlines()
    except (UnicodeDecodeError, FileNotFoundError):  # a picture, or deleted and not yet committed
        return []
    return [
        f"{path.relative_to(ROOT)}:{number}: {found.group()}"
        for number, line in enumerate(lines, start=1)
        if (found := pattern.search(line))
    ]


def main() -> int:
    if not (ROOT / ".git").exists():
        print("portability: not a git working tree, nothing to list", file=sys.stderr)
        return 1
    pattern = forbidden()
    found = [line for path in tracked() for line in complaints(path, pattern)]
    print("\n".join(found) or "portability: no registry hosts, no paths of one machine")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
