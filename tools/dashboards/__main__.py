"""A picture of each dashboard: `python -m tools.dashboards docs` (needs make tools, and make browser)."""

from __future__ import annotations

from monitoring.bindings.fast import own_node

import argparse
import base64
import json
import math
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from selenium.webdriver.chrome.webdriver import WebDriver

from monitoring.blueprint.dashboards import DASHBOARDS, FOLDER
from monitoring.blueprint.rules.loader import rules
from monitoring.blueprint.values.charts import ROOT
from monitoring.local.binaries import find_tool
from monitoring.local.blob import install
from tests.stack.browser import browsing
from tests.stack.evaluated import evaluated, known_in
from tests.stack.known_metrics import Series
from tests.stack.prometheus import Prometheus, serving
from tests.stack.samples import SPAN, TARGETS, Shape, steady, write_database

SOURCE = Path(__file__).parent
UNTIL = int(datetime(2026, 11, 28, 12, tzinfo=UTC).timestamp())
"""The moment of the pictures: always the same, so that a picture changes with its dashboard only."""

REGIONS = ("prod-eastus", "prod-westus")
EVERYTHING = ".*"
"""What "All" stands for in the dashboards."""

FAULT = re.compile(
    r'fail|error|drop|refus|retr|too_old|out_of_|status_code="5|code="[45]|conflict|limited|throttl|halted|restarts'
    r"|misses|size_retentions"
)
"""Series of which there is nothing while all is well."""

WHOLE = (0.0, 1.0)
"""None and all, which say that all is well."""

SETTLED = 30
"""Seconds in which a drawn page stops to change."""


def waves(labels: Mapping[str, str], one: Series, step: int, *, trouble: bool) -> float:
    """Counters that rise in waves, each pod at its own pace; faults are there in trouble only."""
    fault = FAULT.search(one.name + "".join(f',{name}="{text}"' for name, text in sorted(labels.items())))
    if fault and not trouble and "successful" not in one.name:
        return one.value if one.rising else 0.0
    if not one.rising and (":" not in one.name or one.value in WHOLE):
        return one.value
    own = random.Random(one.name + "".join(labels.get(name, "") for name in ("cluster", "job", "pod", "route")))  # noqa: S311
    pace, phase = 0.5 + own.random(), own.random() * math.tau
    if not one.rising:  # recorded by a rule: each region its own
        return one.value * pace / 1.5 * (1 + math.sin(step / 18 + phase) / 4) / 1.25
    each = steady(labels, one, 1) - one.value
    return one.value + each * pace * max(0.0, step + 4 * (1 + math.sin(step / 18 + phase))) * (0.3 if fault else 1)


def recorded(folder: Path) -> list[Series]:
    """What the rules record of a region."""
    with evaluated(folder, targets=TARGETS) as region:
        found = [one for name in rules().recorded for one in region.query(name)]
    return [
        Series(name=labels.pop("__name__"), labels=labels, value=float(one["value"][1]), rising=False)
        for one in found
        if "cluster" not in (labels := dict(one["metric"]))
    ]


def fill(folder: Path, *, before: list[Series], shape: Shape) -> None:
    """Two hours of two regions: what the dashboards ask for."""
    asked = "".join((ROOT / FOLDER / f"{uid}.json").read_text(encoding="utf-8") for uid in DASHBOARDS)
    write_database(
        folder,
        promtool=str(find_tool("promtool")),
        until=UNTIL,
        names=known_in(asked),
        outside=[{"cluster": name, "environment": "prod"} for name in REGIONS],
        recorded=before,
        shape=shape,
    )


def built() -> Path:
    """The page with its script and style; CalledProcessError with what esbuild says."""
    folder = install(SOURCE)
    for name in ("draw.jsx", "page.html"):
        shutil.copy(SOURCE / name, folder)
    line = [own_node(), "node_modules/esbuild/bin/esbuild", "draw.jsx", "--bundle", "--minify", "--outfile=draw.js"]
    line += ["--jsx=automatic", '--define:process.env.NODE_ENV="production"', "--loader:.ttf=empty"]
    subprocess.run([*line, "--log-level=warning"], cwd=folder, check=True)  # noqa: S603  (no shell)
    return folder / "page.html"


def picture(browser: WebDriver, page: Path, uid: str, prometheus: Prometheus, *, size: tuple[int, int]) -> bytes:
    """A dashboard as PNG, in whole rows of panels from the top; RuntimeError with what the page says."""
    dashboard = json.loads((ROOT / FOLDER / f"{uid}.json").read_text(encoding="utf-8"))
    choices = dict.fromkeys(("cluster", "namespace", "job"), EVERYTHING)
    context = {"prometheus": f"http://127.0.0.1:{prometheus.port}", "from": UNTIL - SPAN, "to": UNTIL}
    width, most = size
    browser.set_window_size(width, 1100)
    browser.get(page.as_uri())
    browser.set_script_timeout(60)
    script = "const done = arguments[2]; window.draw(arguments[0], arguments[1]).then(done, (e) => done(String(e)))"
    ends = browser.execute_async_script(script, dashboard, {**context, "choices": choices})
    if isinstance(ends, str):
        raise RuntimeError(f"{uid}: {ends}")  # noqa: TRY004  (what the page says, not a wrong argument)
    clip = {"x": 0, "y": 0, "width": width, "height": max(end for end in ends if end <= most), "scale": 1}
    return settled(browser, {"captureBeyondViewport": True, "clip": clip})


def settled(browser: WebDriver, what: Mapping[str, object]) -> bytes:
    """The first picture that is as the one a second before; RuntimeError where none is."""
    last = ""
    for _ in range(SETTLED):
        now = str(browser.execute_cdp_cmd("Page.captureScreenshot", dict(what))["data"])
        if now == last:
            return base64.b64decode(now)
        last = now
        time.sleep(1)
    raise RuntimeError(f"the page still changes after {SETTLED} s")


def main() -> None:
    """One PNG per dashboard."""
    parser = argparse.ArgumentParser(prog="python -m tools.dashboards", description=__doc__)
    parser.add_argument("out", type=Path, help="the folder: dashboard-<uid>.png")
    parser.add_argument("--calm", action="store_true", help="without any fault")
    parser.add_argument("--width", type=int, default=1280, help="of the window, in pixels (default: 1280)")
    parser.add_argument("--height", type=int, default=1100, help="of the picture, at most, in pixels (default: 1100)")
    given = parser.parse_args()
    page = built()
    with TemporaryDirectory() as made:
        region, database, home = (Path(made) / name for name in ("region", "database", "home"))
        for folder in (region, database, home):
            folder.mkdir()
        fill(database, before=recorded(region), shape=partial(waves, trouble=not given.calm))
        with serving(database, until=UNTIL) as prometheus, browsing(home, trust=None) as browser:
            for uid in DASHBOARDS:
                png = picture(browser, page, uid, prometheus, size=(given.width, given.height))
                file = given.out / f"dashboard-{uid}.png"
                file.write_bytes(png)
                sys.stdout.write(f"{file}: {len(png) / 1000:.0f} kB\n")


if __name__ == "__main__":
    main()
