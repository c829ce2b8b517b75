"""Every page in every width and theme: `make ux`, `make ux ARGS="cart checkout"` for some of them.

Says what breaks a rule (as the browser tests do, which look at each page once), how much the page
moved while it loaded, and leaves a picture of each page in var/ux/ to be looked at by people.
Lighthouse follows where `npx lighthouse` is installed, on the pages that may be found by search.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import ARGUMENTS
from tests.browser.findings import LOOKS, Look, Visit, findings
from tests.browser.market import ROOT, BrowserMarket, running_market
from tests.browser.pages import STOPS, Stop
from tests.servers.chromium import find_chromium

OUTPUT = ROOT / "var" / "ux"
PICTURED = (360, 1440)
MOST_SHIFT = 0.02
SHIFT = """() => new Promise((done) => {
  let sum = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value;
  }).observe({type: "layout-shift", buffered: true});
  requestAnimationFrame(() => setTimeout(() => done(sum), 100));
})"""
INDEXED = ("home", "category", "product with options")
LEAST = {"performance": 95, "accessibility": 100, "best-practices": 100, "seo": 100}
RUNS = 5
MOST_FAILED = 3


def main(wanted: list[str]) -> int:
    if not find_chromium():
        raise SystemExit("No Chromium: install it, or set CHROMIUM to its path.")
    OUTPUT.mkdir(parents=True, exist_ok=True)
    stops = [s for s in STOPS if not wanted or any(word in s.name for word in wanted)]
    wrong = 0
    with (
        tempfile.TemporaryDirectory(prefix="marketflow-ux-") as folder,
        running_market(Path(folder), hashed=True) as market,
    ):
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
            for stop in stops:
                wrong += sum(looked_at(browser, market, stop, look) for look in LOOKS)
            browser.close()
        wrong += sum(measured(market, stop) for stop in stops if stop.name in INDEXED)
    print(f"\n{wrong} findings on {len(stops)} pages in {len(LOOKS)} looks; pictures in {OUTPUT}")
    return 1 if wrong else 0


def looked_at(browser: Browser, market: BrowserMarket, stop: Stop, look: Look) -> int:
    """How many findings; each is printed."""
    with Visit(browser, market, stop, look) as visit:
        if look.width in PICTURED:
            name = f"{stop.name}-{look.width}-{look.theme}.png".replace(" ", "-").replace(",", "")
            visit.page.screenshot(path=OUTPUT / name, full_page=True)
        found = [*moved(visit.page), *findings(visit)]
    print(f"{stop.name}, {look}: {len(found) or 'ok'}", *found, sep="\n    ", flush=True)
    return len(found)


def moved(page: Page) -> Iterator[str]:
    shift = page.evaluate(SHIFT)
    if shift > MOST_SHIFT:
        yield f"the page moved by {shift:.3f} while it loaded"


def measured(market: BrowserMarket, stop: Stop) -> int:
    """Lighthouse's scores, each the median of some runs."""
    if not has_lighthouse():
        print(f"No Lighthouse: npm install lighthouse@12.8.2 in {OUTPUT}")
        return 0
    # Now and then a trace has no beginning, for no fault of the page: it is taken again.
    asked = (lighthouse(stop.address(market)) for _ in range(RUNS + MOST_FAILED))
    reports = list(islice(filter(None, asked), RUNS))
    if len(reports) < RUNS:
        print(f"{stop.name}: Lighthouse failed too often")
        return 1
    wrong = 0
    for category, least in LEAST.items():
        score = sorted(100 * report["categories"][category]["score"] for report in reports)
        print(f"{stop.name}, Lighthouse {category}: {score[RUNS // 2]:.0f}")
        wrong += score[RUNS // 2] < least
    return wrong


def has_lighthouse() -> bool:
    if not shutil.which("npx"):
        return False
    asked = ["npx", "--no-install", "lighthouse", "--version"]
    return not subprocess.run(asked, cwd=OUTPUT, capture_output=True).returncode


def lighthouse(url: str) -> dict | None:
    flags = " ".join(["--headless=new", *ARGUMENTS])
    done = subprocess.run(
        [
            "npx", "--no-install", "lighthouse", url, "--quiet", "--output=json",
            f"--only-categories={','.join(LEAST)}", f"--chrome-flags={flags}",
        ],
        cwd=OUTPUT, env=os.environ | {"CHROME_PATH": find_chromium()},
        capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        print(done.stderr.strip()[-500:])
        return None
    return json.loads(done.stdout)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
