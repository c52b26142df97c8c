"""Tricks at the real oauth2-proxy: headers, hosts, upgrades, tokens and redirects that would get past it."""

from __future__ import annotations

import base64
import json
import secrets
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitoring.fleet import Region
from monitoring.local.servers import Entra
from tests.stack.oauth2_proxy import Browser, OAuth2Proxy, open_oauth2_proxy

pytestmark = pytest.mark.stack

SESSION = "__Host-oversight"
OPEN, PAGE, SHUT = "/api/v1/query?query=up", "/query", ("/api/v1/admin/tsdb/snapshot", "/federate", "/-/quit")


@pytest.fixture(scope="module")
def proxy(zoned: Region, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OAuth2Proxy]:
    with open_oauth2_proxy(zoned, tmp_path_factory.mktemp("tricks")) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def person(proxy: OAuth2Proxy) -> Browser:
    browser = Browser(proxy=proxy)
    assert browser.sign_in("/").status == 302
    return browser


@pytest.mark.parametrize(
    "header",
    [
        "X-Forwarded-User",
        "X-Forwarded-Email",
        "X-Forwarded-Preferred-Username",
        "X-Forwarded-Groups",
        "X-Auth-Request-User",
        "X-Auth-Request-Email",
        "X-Webauth-User",
        "X-Oversight-User",
        "X-Oversight-Role",
        "X-Original-Url",
        "X-Original-Uri",
        "X-Original-Host",
        "X-Original-Method",
        "X-Forwarded-Uri",
        "X-Forwarded-Path",
        "X-Forwarded-Prefix",
        "X-Forwarded-For",
        "X-Real-Ip",
        "X-Http-Method-Override",
        "Forwarded",
        "Remote-User",
    ],
)
def test_no_request_header_authenticates(proxy: OAuth2Proxy, header: str) -> None:
    for said in (proxy.entra.person.email, proxy.region.access.allowed_group, "/oauth2/sign_in", "/ping", "127.0.0.1"):
        for path, status in ((OPEN, 401), (PAGE, 302)):
            answer, visits = proxy.through(path, headers={header: said})
            assert (answer.status, visits) == (status, [])


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "elsewhere.example", "prometheus-prometheus.monitoring.svc:9090", "x@y", "*"]
)
def test_no_host_opens_a_path_or_signs_in(proxy: OAuth2Proxy, person: Browser, host: str) -> None:
    answer, visits = proxy.through(OPEN, headers={"Host": host})
    assert (answer.status in {400, 401}, visits) == (True, [])
    for path in SHUT:
        answer, visits = proxy.through(path, headers={"Host": host, **person.header})
        assert (answer.status in {400, 403}, visits) == (True, [])


def test_upgrade_header_does_not_open_a_denied_path(proxy: OAuth2Proxy, person: Browser) -> None:
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    upgrade["Sec-WebSocket-Key"] = base64.b64encode(secrets.token_bytes(16)).decode()
    for path in (*SHUT, "/api/v1/../../federate", "/assets/..%2f..%2ffederate", "//federate", "/grafana/../federate"):
        assert not proxy.through(path, headers={**person.header, **upgrade})[1], path
        for method in ("CONNECT", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"):
            assert not proxy.through(path, method=method, headers=person.header)[1], (method, path)
    assert not proxy.through(OPEN, headers=upgrade)[1]


def token(entra: Entra, **claims: object) -> str:
    """One that is right in every claim, signed by the provider."""
    now = int(time.time())
    of = entra.person
    said = {"iss": entra.issuer, "aud": entra.client_id, "sub": "a-person", "iat": now, "exp": now + 3600}
    return entra._signed({**said, "email": of.email, "groups": of.groups, **claims})


def test_a_token_in_the_place_of_a_session_is_refused(proxy: OAuth2Proxy) -> None:
    """No bearer is taken at all, so neither is a good one."""
    good = token(proxy.entra)
    head, body, _ = good.split(".")
    unsigned = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).decode().rstrip("=")
    for one in (good, token(proxy.entra, exp=1), f"{head}.{body}.", f"{unsigned}.{body}.", "x.y.z"):
        for headers in (
            {"Authorization": f"Bearer {one}"},
            {"Cookie": f"{SESSION}={one}"},
            {"X-Forwarded-Access-Token": one},
            {"Authorization": f"Basic {base64.b64encode(f'{one}:'.encode()).decode()}"},
        ):
            answer, visits = proxy.through(OPEN, headers=headers)
            assert (answer.status, visits) == (401, [])


def test_a_session_of_another_region_is_refused(proxy: OAuth2Proxy, unzoned: Region, tmp_path: Path) -> None:
    with open_oauth2_proxy(unzoned, tmp_path) as other:
        browser = Browser(proxy=other)
        assert browser.sign_in("/").status == 302
        assert browser.get(PAGE).status == 200
    assert not proxy.through(PAGE, headers=browser.header)[1]


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://elsewhere.example/",
        "//elsewhere.example",
        "/\\elsewhere.example",
        "/%2f%2felsewhere.example",
        "///elsewhere.example",
        "/.%0a/elsewhere.example",
        "javascript:alert(1)",
        "https://metrics-alpha.trial.example%2eelsewhere.example/",
    ],
)
def test_no_redirect_leads_to_another_host(proxy: OAuth2Proxy, elsewhere: str) -> None:
    header = {"X-Auth-Request-Redirect": elsewhere}
    ways = [f"/oauth2/{end}?rd={urllib.parse.quote(elsewhere)}" for end in ("start", "sign_in", "sign_out")]
    answers = [proxy.ask(way, headers=header) for way in ways]
    answers += [Browser(proxy=proxy).sign_in(way, **header) for way in ways[:1]]
    own = {proxy.region.access.host, "127.0.0.1"}
    assert {goes_to(proxy, answer.headers.get("location", "/")) for answer in answers} <= own


def goes_to(proxy: OAuth2Proxy, location: str) -> str | None:
    """The host to which a browser goes, which takes a backslash for a slash and leaves tabs and line ends out."""
    read = location.translate({ord("\\"): "/", ord("\t"): None, ord("\n"): None, ord("\r"): None})
    return urllib.parse.urlsplit(urllib.parse.urljoin(f"https://{proxy.region.access.host}/", read)).hostname
