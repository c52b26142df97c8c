"""A real browser, without a window: Chromium with a profile of its own, which trusts the roots of a run and no others.

Selenium Manager, which would download a browser and a driver, is not asked: both are named.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.support.wait import WebDriverWait

from monitoring.processes import PATIENCE

NEEDED: Mapping[str, tuple[str, ...]] = {
    "Chromium": ("chromium", "chromium-browser", "google-chrome"),
    "its driver": ("chromedriver",),
    "certutil": ("certutil",),
}
"""What is looked for on PATH, by any of its names."""

HOW = "make browser (Debian, Ubuntu; as root: apt-get install chromium chromium-driver libnss3-tools)"

FLAGS = (
    "--headless",
    "--no-sandbox",  # starts neither as root nor in many a container; all pages are our own
    "--disable-gpu",
    "--disable-dev-shm-usage",  # a container's is small
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,1110",
)


def needed() -> list[str]:
    """Paths of Chromium, its driver and certutil; the test fails with what to do where one is not there."""
    found = {what: next(filter(None, map(shutil.which, names)), None) for what, names in NEEDED.items()}
    missing = [what for what, path in found.items() if path is None]
    if missing:
        pytest.fail(f"{', '.join(missing)}: not on PATH. {HOW}")
    return [str(path) for path in found.values()]


@contextmanager
def browsing(home: Path, *, trust: Path | None) -> Iterator[WebDriver]:
    """A browser that trusts the roots of `trust` besides its own, with `home` for all that it keeps."""
    chromium, driver, certutil = needed()
    if trust:
        _trust(certutil, home, trust)
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, f"--user-data-dir={home}/profile"):
        options.add_argument(flag)
    service = Service(driver, log_output=str(home / "chromedriver.log"), env={**os.environ, "HOME": str(home)})
    started = webdriver.Chrome(options=options, service=service)
    try:
        started.set_page_load_timeout(PATIENCE)
        yield started
    finally:
        started.quit()


def wait_until(browser: WebDriver, holds: Callable[[WebDriver], Any], what: str, *, patience: float = PATIENCE) -> Any:
    """The first answer that is not empty; a page that is being left counts as none."""
    return WebDriverWait(browser, patience, ignored_exceptions=[WebDriverException]).until(holds, what)


def _trust(certutil: str, home: Path, roots: Path) -> None:
    """Chromium on Linux reads the roots of a person from NSS, below HOME."""
    database = home / ".pki" / "nssdb"
    database.mkdir(parents=True)
    name = f"sql:{database}"
    for line in (["-N", "--empty-password"], ["-A", "-n", "run", "-t", "C,,", "-i", str(roots)]):
        subprocess.run([certutil, *line, "-d", name], check=True, capture_output=True)
