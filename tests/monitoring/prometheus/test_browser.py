"""A person with a real browser: signs in, sees a graph, signs out; who is not meant sees that it is so.

oauth2-proxy, Thanos and the certificates are as they are deployed. Thanos' pages are what is looked at: a Prometheus
that is built without Node has no pages.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import httpx
import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By

from monitoring.blueprint.access.oauth2_proxy import REFUSED
from monitoring.blueprint.access.paths import ALLOWED_PATHS, below
from monitoring.blueprint.components.workloads import GLOBAL_QUERY_FRONTEND, QUERY_FRONTEND, THANOS_PATH
from monitoring.local.oauth2_proxy import accounts
from monitoring.local.servers import Account
from monitoring.local.system import System
from monitoring.local.tls import trusting
from monitoring.processes import PATIENCE
from tests.monitoring.prometheus.miniature import FIRST
from tests.stack.browser import browsing, wait_until

pytestmark = pytest.mark.stack

SESSION = "__Host-oversight"
MEANT, *NOT_MEANT = accounts(FIRST)
RECORDED = "job:business_transactions:rate5m"
"""Recorded by the rules, of the example application."""

QUERY = urlencode({"g0.expr": RECORDED, "g0.tab": "0", "g0.range_input": "5m"})
GRAPH = f"{THANOS_PATH}/graph?{QUERY}"
YOUNG = 360
"""Seconds until the series is there, and as long as a picture wants it."""

LARGEST = 200_000
"""Bytes of a picture."""

DRAWN = """
const canvas = document.querySelector('canvas.flot-base');
if (!canvas) return 0;
const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
const columns = new Set();
for (let at = 0; at < pixels.length; at += 4) {
  const colour = [pixels[at], pixels[at + 1], pixels[at + 2]];
  if (pixels[at + 3] && Math.max(...colour) - Math.min(...colour) > 64) columns.add((at / 4) % canvas.width);
}
return 100 * columns.size / canvas.width;
"""
"""Per cent of the plot's width that a line covers: axes and grid are grey, a series has a colour."""


PAGES = [
    below(one.component, path)
    for one in ALLOWED_PATHS
    if one.component in {QUERY_FRONTEND, GLOBAL_QUERY_FRONTEND} and "/graph" in one.paths
    for path in one.paths
    if path == "/graph" or (path.strip("/") and one.component is QUERY_FRONTEND)
]
"""Of Thanos, that are open; of the global view, which has the same, the graph alone."""

ASKED = """
return performance.getEntriesByType('resource')
  .filter(one => one.name.includes('/api/v1/') && one.responseStatus)
  .map(one => [one.name, one.responseStatus]);
"""
"""What a page has asked of APIs, and what they said."""


@pytest.fixture(scope="module")
def proxy(whole: System) -> str:
    return str(whole.addresses[FIRST.name]["proxy"])


@pytest.fixture(scope="module")
def trust(whole: System) -> Path:
    return Path(whole.addresses[FIRST.name]["trust"])


@pytest.fixture(scope="module")
def started(trust: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    with browsing(tmp_path_factory.mktemp("browser"), trust=trust) as browser:
        yield browser


@pytest.fixture
def browser(started: WebDriver) -> WebDriver:
    """Of somebody who has not signed in."""
    started.execute_cdp_cmd("Network.clearBrowserCookies", {})
    return started


def text(browser: WebDriver) -> str:
    return browser.find_element(By.TAG_NAME, "body").text


def asked_who(browser: WebDriver) -> bool:
    return browser.title == "Sign in"


def sign_in(browser: WebDriver, proxy: str, path: str, email: str = MEANT.person.email) -> None:
    """Ask for a page, be led to the provider, say who it is, and be back at oauth2-proxy."""
    browser.get(proxy + path)
    wait_until(browser, asked_who, "the sign-in page")
    assert not browser.current_url.startswith(proxy)
    browser.find_element(By.PARTIAL_LINK_TEXT, email).click()
    wait_until(browser, lambda page: page.current_url.startswith(proxy), "the way back")


def drawn(browser: WebDriver) -> float:
    return float(browser.execute_script(DRAWN))


def see_a_graph(browser: WebDriver, *, covers: float = 5) -> None:
    """Wait until a line is drawn: in a system that has just started, a rule has nothing to record yet."""

    def look(page: WebDriver) -> bool:
        if drawn(page) >= covers:
            return True
        page.find_element(By.CLASS_NAME, "execute-btn").click()
        return False

    wait_until(browser, look, f"a line over {covers} % of the plot", patience=YOUNG)


def status(browser: WebDriver, proxy: str, trust: Path) -> int:
    """What an API of oauth2-proxy says to the cookies that the browser has."""
    cookies = {one["name"]: one["value"] for one in browser.get_cookies()}
    url = f"{proxy}{THANOS_PATH}/api/v1/query?query=up"
    return httpx.get(url, cookies=cookies, verify=trusting(trust), timeout=PATIENCE).status_code


def session(browser: WebDriver) -> dict[str, object] | None:
    return browser.get_cookie(SESSION)


def test_unauthenticated_browser_is_redirected_to_sign_in(browser: WebDriver, proxy: str) -> None:
    browser.get(proxy + GRAPH)
    wait_until(browser, asked_who, "the sign-in page")
    assert not browser.current_url.startswith(proxy)
    assert MEANT.person.email in text(browser)
    assert session(browser) is None


def test_signed_in_browser_shows_a_recorded_series_graph(
    browser: WebDriver, proxy: str, trust: Path, tmp_path: Path
) -> None:
    picture = os.environ.get("OVERSIGHT_PICTURE")
    sign_in(browser, proxy, GRAPH)
    see_a_graph(browser, covers=75 if picture else 5)
    assert not browser.find_elements(By.CLASS_NAME, "alert-danger")
    assert "Result series: 1" in text(browser)
    assert RECORDED in text(browser)
    assert f'cluster="{FIRST.name}"' in browser.find_element(By.CLASS_NAME, "graph-legend").text
    assert status(browser, proxy, trust) == 200
    file = Path(picture) if picture else tmp_path / "graph.png"
    assert browser.save_screenshot(str(file))
    assert 10_000 < file.stat().st_size < LARGEST


@pytest.mark.parametrize("page", PAGES)
def test_allowed_thanos_pages_request_no_denied_path(browser: WebDriver, proxy: str, page: str) -> None:
    sign_in(browser, proxy, page)
    before: list[object] = []

    def is_done(at: WebDriver) -> bool:
        before.append(at.execute_script(ASKED))
        return bool(before[-1]) and before[-2:-1] == before[-1:]

    wait_until(browser, is_done, "all that the page asks")
    assert not [url for url, said in browser.execute_script(ASKED) if said == REFUSED]


def test_thanos_graph_page_needs_the_flags_endpoint(browser: WebDriver, proxy: str) -> None:
    """Why access.py opens them."""
    sign_in(browser, proxy, GRAPH)
    see_a_graph(browser)
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*/api/v1/status/flags"]})
    try:
        browser.get(proxy + GRAPH)
        wait_until(browser, lambda page: "bad engine" in text(page), "the query without an engine")
        assert drawn(browser) == 0
    finally:
        browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})


def test_the_cookie_is_kept_for_this_host_and_from_scripts(browser: WebDriver, proxy: str) -> None:
    sign_in(browser, proxy, GRAPH)
    cookie = session(browser)
    assert cookie
    assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, True, "Lax", "/")
    assert cookie["domain"] == urlsplit(proxy).hostname  # with a dot before it, hosts below would get it too
    assert SESSION not in browser.execute_script("return document.cookie")
    assert [one["name"] for one in browser.get_cookies()] == [SESSION]


def test_signed_out_browser_is_redirected_to_sign_in(browser: WebDriver, proxy: str, trust: Path) -> None:
    sign_in(browser, proxy, GRAPH)
    see_a_graph(browser)
    open_before = browser.current_window_handle
    browser.switch_to.new_window("tab")
    browser.get(f"{proxy}{GRAPH}")
    browser.get(f"{proxy}/oauth2/sign_out")
    wait_until(browser, asked_who, "the sign-in page")
    assert session(browser) is None
    assert status(browser, proxy, trust) == 401
    browser.back()
    browser.refresh()  # Back alone may show what the browser still has in memory
    wait_until(browser, asked_who, "the sign-in page, after Back")
    browser.get(proxy + GRAPH)
    wait_until(browser, asked_who, "the sign-in page, at the old address")
    browser.close()
    browser.switch_to.window(open_before)
    browser.find_element(By.CLASS_NAME, "execute-btn").click()
    wait_until(
        browser, lambda page: "Error executing query" in text(page), "a refusal on the page that was open before"
    )


@pytest.mark.parametrize("account", NOT_MEANT, ids=lambda one: one.says)
def test_refused_user_sees_an_error_page_and_gets_no_session(
    browser: WebDriver, proxy: str, trust: Path, account: Account
) -> None:
    sign_in(browser, proxy, GRAPH, account.person.email)
    # oauth2-proxy takes a token of another tenant for a fault of the provider, not of the person
    told = "Internal Server Error" if account.claims else "Forbidden"
    wait_until(browser, lambda page: told in text(page), "the refusal")
    assert session(browser) is None
    assert status(browser, proxy, trust) == 401
    browser.get(proxy + GRAPH)
    wait_until(browser, asked_who, "the sign-in page")


@pytest.mark.parametrize(
    "elsewhere",
    ["https://elsewhere.example/", "//elsewhere.example/", r"/\elsewhere.example/", "/%09/elsewhere.example/"],
)
def test_browser_stays_at_oauth2_proxy_after_sign_in(browser: WebDriver, proxy: str, elsewhere: str) -> None:
    sign_in(browser, proxy, f"/oauth2/start?rd={elsewhere}")
    wait_until(browser, lambda page: page.execute_script("return document.readyState") == "complete", "the page")
    assert browser.current_url.startswith(f"{proxy}/")
    assert session(browser)


def test_browser_without_the_root_certificate_refuses_tls(proxy: str, tmp_path: Path) -> None:
    with browsing(tmp_path, trust=None) as stranger:
        stranger.get(proxy)
        wait_until(stranger, lambda page: "ERR_CERT_AUTHORITY_INVALID" in text(page), "the warning")
