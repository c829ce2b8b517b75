"""The blocks of docs/api.md, word for word and in their order, against a running market."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from marketflow.demo.people import PASSWORD, SELLER
from tests.browser.market import ROOT
from tests.journeys.market import Demo

GUIDE = ROOT / "docs" / "api.md"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
# A reader sees an error and stops; here curl must say so, and bash must stop.
CURL = "fail-with-body\nshow-error\nmax-time = 60\n"
WHAT_CAME_OF_IT = 'printf "%s\\n" "$PART" "$PAYOUT" > "$NOTES"\n'


@pytest.mark.processes
def test_the_walk_from_sign_up_to_payout(market, tmp_path):
    for program in ("bash", "curl"):
        if not shutil.which(program):
            pytest.skip(f"no {program}: the walk of docs/api.md needs it")

    said, (part, payout_id) = walk(market, tmp_path)

    fern = sign_in(market, SELLER[0], PASSWORD)
    payout = ask(market, f"payouts/{payout_id}/", fern)
    balance = ask(market, "shops/fernhouse/balance/", fern)
    sent = ask(market, f"seller-orders/{part}/", fern)
    assert payout["state"] == "paid"
    assert {line["seller_order"] for line in payout["lines"]} == {part}
    amounts = {line["kind"]: line["amount"]["amount"] for line in payout["lines"]}
    assert len(amounts) == len(payout["lines"]), amounts
    paid = payout["amount"]["amount"]
    assert paid == sum(amounts.values()) > 0
    assert amounts["sale"] == sent["lines"][0]["total"]["amount"]
    assert amounts["refund"] == -amounts["delivery"] < 0
    assert balance["available"]["amount"] == 0
    assert f"{paid} is {paid}\n" in said
    assert said.rstrip().endswith("304")
    assert "invariants checked: all hold." in said


def test_every_command_of_the_guide_is_walked():
    kinds = {kind for kind, _ in BLOCK.findall(GUIDE.read_text("utf-8"))}

    assert kinds == {"sh", "json"}


def walk(market: Demo, folder: Path) -> tuple[str, list[str]]:
    """What the blocks printed, and the numbers of the part and of the payout they came to."""
    (folder / ".curlrc").write_text(CURL)
    notes, script = folder / "notes", folder / "walk.sh"
    blocks = [text for kind, text in BLOCK.findall(GUIDE.read_text("utf-8")) if kind == "sh"]
    script.write_text("\n".join([*blocks, WHAT_CAME_OF_IT]))
    reader = {"MARKET": market.url, "CURL_HOME": str(folder), "NOTES": str(notes)}
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", str(script)],
        cwd=ROOT, env=market.environment | reader, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, notes.read_text().split()


def sign_in(market: Demo, email: str, password: str) -> str:
    return ask(market, "auth/token/", body={"email": email, "password": password})["access"]


def ask(market: Demo, path: str, access: str = "", body: dict[str, Any] | None = None) -> Any:
    headers = {"Content-Type": "application/json"}
    if access:
        headers["Authorization"] = f"Bearer {access}"
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{market.url}/api/v1/{path}", content, headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)
