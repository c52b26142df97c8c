"""Who knocks at the real oauth2-proxy, with a region's own configuration: who gets in, how far, and who does not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitoring.blueprint.access.oauth2_proxy import REFUSED, ROLE_HEADER, STRIPPED, USER_HEADER
from monitoring.blueprint.access.paths import ALLOWED_PATHS, DENIED_PATHS, SIGNED_IN, Caller, below
from monitoring.blueprint.components.workloads import COMPONENTS, GRAFANA
from monitoring.fleet import Region
from monitoring.local.servers import Person
from tests.stack.oauth2_proxy import Answer, Browser, OAuth2Proxy, open_oauth2_proxy, sample
from tests.stack.shut_paths import SHUT

pytestmark = pytest.mark.stack

SESSION = "__Host-oversight"
BY_NAME = {component.name: component for component in COMPONENTS}
OPEN = [
    (opening.component, sample(opening.component, path), opening) for opening in ALLOWED_PATHS for path in opening.paths
]
CLOSED = [sample(closing.component, path) for closing in DENIED_PATHS for path in closing.paths]
KNOCKED = [
    *CLOSED,
    *(below(BY_NAME[name], path) for name, paths in SHUT.items() for path in paths),
    "/nothing",
    "/oauth",
]


def same_path(path: str) -> Iterator[str]:
    """A path as it is, and as a client may write it for a server that decodes and cleans."""
    yield path
    yield f"{path}?x=/api/v1/query"
    yield f"/{path}"
    yield path.replace("/", "//", 1)
    yield f"/.{path}"
    yield f"/assets/..{path}"
    yield f"/assets/%2e%2e{path}"
    yield f"/assets/..%2f{path[1:]}"
    yield f"/alertmanager/assets/%2e%2e/%2e%2e{path}"
    yield f"/grafana/..{path}"
    yield f"/grafana/%2e%2e{path}"
    yield f"/grafana/%2e%2e%2f{path[1:]}"
    yield f"/api/v1/label/..%2f..%2f..{path.replace('/', '%2f', 1)}/values/../.."
    last = path[-1]
    yield f"{path[:-1]}%{ord(last):02x}"
    yield path[0] + "".join(f"%{ord(one):02X}" if one.isalnum() else one for one in path[1:])
    yield f"http://elsewhere.example{path}"


def other_path(path: str) -> Iterator[str]:
    """Spellings that a server might take for the same."""
    yield path.upper() if path.upper() != path else f"{path}/"
    yield f"{path};x"
    yield f"{path}%00"
    yield f"{path}%20"
    yield f"{path}/."
    yield f"{path}%3fx"
    yield f"{path}%252f"
    yield path.replace("/", "%252f").replace("%252f", "/", 1)
    yield f"/{path[1:].replace('/', '%5c')}"


@pytest.fixture(scope="module")
def proxy(zoned: Region, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OAuth2Proxy]:
    with open_oauth2_proxy(zoned, tmp_path_factory.mktemp("proxy")) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def person(proxy: OAuth2Proxy) -> Browser:
    browser = Browser(proxy=proxy)
    proxy.entra.person = Person(
        email=f"one@{proxy.region.access.email_domain}", groups=[proxy.region.access.allowed_group], roles=["Editor"]
    )
    assert browser.sign_in("/").status == 302
    return browser


def credentials(proxy: OAuth2Proxy, person: Browser, caller: Caller) -> dict[str, str]:
    return person.header if caller is Caller.PERSON else proxy.machine()


@pytest.mark.parametrize("caller", SIGNED_IN)
def test_every_open_path_reaches_its_component_as_it_was_asked(
    proxy: OAuth2Proxy, person: Browser, caller: Caller
) -> None:
    headers = credentials(proxy, person, caller)
    for component, path, opening in OPEN:
        if caller in opening.callers:
            target = f"{path}?query=up&x=%2Fy"
            answer, visits = proxy.through(target, headers=headers)
            assert (answer.status, [(one.component, one.target) for one in visits]) == (200, [(component.name, target)])


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", KNOCKED)
def test_every_other_path_ends_at_oauth2_proxy_however_it_is_written(
    proxy: OAuth2Proxy, person: Browser, path: str, method: str
) -> None:
    for target in same_path(path):
        answer, visits = proxy.through(target, method=method, headers=person.header)
        assert not visits, f"{target} came through as {visits}"
        if answer.status in {301, 308}:  # to the cleaned path, which is shut as well
            answer, visits = proxy.through(answer.location, method=method, headers=person.header)
            assert not visits, f"{target} came through as {visits}"
        assert answer.status in {301, 308, 400, REFUSED}, target


@pytest.mark.parametrize("path", [path for path in KNOCKED if not path.startswith(below(GRAFANA, ""))])
def test_alternative_spellings_of_a_denied_path_are_denied(proxy: OAuth2Proxy, person: Browser, path: str) -> None:
    for target in other_path(path):
        _, visits = proxy.through(target, headers=person.header)
        assert not visits, f"{target} came through as {visits}"


@pytest.mark.parametrize("header", ["X-Forwarded-Uri", "X-Original-Url", "X-Rewrite-Url"])
def test_path_override_headers_are_ignored(proxy: OAuth2Proxy, person: Browser, header: str) -> None:
    _, visits = proxy.through("/api/v1/status/config", headers={**person.header, header: "/api/v1/query"})
    assert not visits
    _, visits = proxy.through("/api/v1/query", headers={header: "/oauth2/sign_in"})
    assert not visits


def test_unauthenticated_request_reaches_no_upstream(proxy: OAuth2Proxy) -> None:
    for _, path, _ in OPEN:
        for method in ("GET", "POST", "DELETE", "OPTIONS"):
            answer, visits = proxy.through(path, method=method)
            assert not visits
            assert answer.status in {302, 401}


def test_unauthenticated_api_gets_401_and_page_redirects_to_entra(proxy: OAuth2Proxy) -> None:
    for path in ("/api/v1/query", "/alertmanager/api/v2/silences", "/grafana/api/search", "/thanos/api/v1/stores"):
        assert proxy.ask(path).status == 401
    for path in ("/", "/alertmanager/", "/grafana/", "/thanos/"):
        assert "/authorize?" in proxy.ask(path).location


@pytest.mark.parametrize("header", [USER_HEADER, ROLE_HEADER, *STRIPPED])
def test_identity_headers_from_the_client_are_removed(proxy: OAuth2Proxy, person: Browser, header: str) -> None:
    for spelling in (header, header.lower(), header.replace("-", "_")):
        forged = {**person.header, spelling: person.header["Cookie"] if header == "Cookie" else "forged"}
        (visit,) = proxy.through("/grafana/", headers=forged)[1]
        assert not [name for name, value in visit.headers.items() if "forged" in value or SESSION in value]
        assert visit.headers[USER_HEADER.lower()] == proxy.entra.person.email
        assert visit.headers[ROLE_HEADER.lower()] == "Editor"


def test_no_component_sees_the_session_or_a_password(proxy: OAuth2Proxy, person: Browser) -> None:
    for headers in (person.header, proxy.machine()):
        for component in {opening.component.name: opening.component for opening in ALLOWED_PATHS}.values():
            (visit,) = proxy.through(below(component, "/"), headers=headers)[1]
            assert not {"authorization", "cookie"} & visit.headers.keys()


def test_user_without_role_sends_no_role_header(proxy: OAuth2Proxy) -> None:
    browser = Browser(proxy=proxy)
    proxy.entra.person = Person(email=proxy.entra.person.email, groups=proxy.entra.person.groups)
    try:
        browser.sign_in("/grafana/")
    finally:
        proxy.entra.person.roles = ["Editor"]
    (visit,) = proxy.through("/grafana/", headers=browser.header)[1]
    assert ROLE_HEADER.lower() not in visit.headers


def test_signing_in_leads_back_to_the_page_with_a_cookie_of_this_host_alone(proxy: OAuth2Proxy) -> None:
    browser = Browser(proxy=proxy)
    answer = browser.sign_in("/query?g0.expr=up")
    assert (answer.status, answer.location) == (302, "/query?g0.expr=up")
    cookie = answer.cookies[SESSION]
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, True, "Lax", "/")
    assert (cookie["domain"], cookie["max-age"]) == ("", str(8 * 3600))
    assert browser.get("/query").status == 200


def test_the_sign_in_brings_the_pods_own_token(proxy: OAuth2Proxy) -> None:
    token, redeemed = proxy.entra.pod_token, proxy.entra.redeemed
    proxy.entra.pod_token = "another"  # noqa: S105  (none)
    try:
        assert refused(Browser(proxy=proxy).sign_in("/"))
    finally:
        proxy.entra.pod_token = token
    assert proxy.entra.redeemed == redeemed


def refused(answer: Answer) -> bool:
    """Whether a way back from Entra ended without a session."""
    return answer.status in {403, 500} and not answer.cookies.get(SESSION)


@pytest.mark.parametrize(
    "person",
    [
        Person(email="one@trial.example", groups=["55555555-5555-4555-8555-555555555555"]),
        Person(email="one@trial.example", groups=[]),
        Person(email="one@trial.example", groups=["machines", "admin"]),
        Person(email="one@elsewhere.example", groups=["44444444-4444-4444-8444-444444444444"]),
        Person(email="one@trial.example.elsewhere.example", groups=["44444444-4444-4444-8444-444444444444"]),
        Person(email="one@notrial.example", groups=["44444444-4444-4444-8444-444444444444"]),
    ],
    ids=["another group", "no group", "names", "another domain", "a domain above", "a domain that ends alike"],
)
def test_user_outside_the_allowed_group_is_refused(proxy: OAuth2Proxy, person: Person) -> None:
    before, proxy.entra.person = proxy.entra.person, person
    browser = Browser(proxy=proxy)
    try:
        assert refused(browser.sign_in("/"))
    finally:
        proxy.entra.person = before
    assert not proxy.through("/", headers=browser.header)[1]


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://login.microsoftonline.com/66666666-6666-4666-8666-666666666666/v2.0"},
        {"aud": "66666666-6666-4666-8666-666666666666"},
        {"nonce": "of another sign-in"},
        {"exp": 1},
        {"email_verified": False},
    ],
    ids="".join,
)
def test_a_token_of_another_tenant_application_or_sign_in_is_refused(
    proxy: OAuth2Proxy, claims: dict[str, object]
) -> None:
    proxy.entra.claims = claims
    try:
        assert refused(Browser(proxy=proxy).sign_in("/"))
    finally:
        proxy.entra.claims = {}


def signed(proxy: OAuth2Proxy, value: str, at: int) -> str:
    """A session cookie's value as the proxy signs it: what it holds, when, and the HMAC of name, value and time."""
    digest = hmac.new(proxy.cookie_secret.encode(), f"{SESSION}{value}{at}".encode(), hashlib.sha256).digest()
    return f"{value}|{at}|{base64.urlsafe_b64encode(digest).decode()}"


def test_a_session_ends_after_eight_hours(proxy: OAuth2Proxy, person: Browser) -> None:
    value = person.cookies[SESSION].partition("|")[0]
    now = int(time.time())
    for age, through in ((60, True), (8 * 3600 - 60, True), (8 * 3600 + 60, False), (30 * 24 * 3600, False)):
        cookie = {"Cookie": f"{SESSION}={signed(proxy, value, now - age)}"}
        assert bool(proxy.through("/query", headers=cookie)[1]) is through, age


def test_a_forged_session_is_refused(proxy: OAuth2Proxy, person: Browser) -> None:
    value, at, signature = person.cookies[SESSION].split("|")
    other = base64.urlsafe_b64encode(hashlib.sha256(b"").digest()).decode()
    for forged in (
        "",
        "x",
        f"{value}|{int(at) + 60}|{signature}",
        f"{value}|{at}|{other}",
        f"{value[:-8]}AAAAAAAA|{at}|{signature}",
        signed(proxy, base64.urlsafe_b64encode(b"email=one@trial.example").decode(), int(time.time())),
    ):
        assert not proxy.through("/query", headers={"Cookie": f"{SESSION}={forged}"})[1], forged


def test_basic_auth_client_is_accepted_without_grafana_user(proxy: OAuth2Proxy) -> None:
    answer, visits = proxy.through("/api/v1/query?query=up", headers=proxy.machine())
    assert (answer.status, len(visits)) == (200, 1)
    (visit,) = proxy.through("/grafana/api/search", headers=proxy.machine())[1]
    assert not {USER_HEADER.lower(), ROLE_HEADER.lower()} & visit.headers.keys()


@pytest.mark.parametrize("authorization", ["Basic YWRtaW46d3Jvbmc=", "Basic bm9ib2R5Og==", "Basic x", "Bearer x", "x"])
def test_wrong_basic_auth_password_is_refused(proxy: OAuth2Proxy, authorization: str) -> None:
    answer, visits = proxy.through("/api/v1/query?query=up", headers={"Authorization": authorization})
    assert (answer.status, visits) == (401, [])


def test_basic_auth_user_without_group_is_refused(zoned: Region, tmp_path: Path) -> None:
    with open_oauth2_proxy(zoned, tmp_path, without=("--htpasswd-user-group",)) as proxy:
        answer, visits = proxy.through("/api/v1/query?query=up", headers=proxy.machine())
        assert (answer.status, visits) == (403, [])


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://elsewhere.example/",
        "//elsewhere.example/",
        "/%5Celsewhere.example/",
        "/%09/elsewhere.example/",
        "https:elsewhere.example",
        "https://metrics-alpha.trial.example@elsewhere.example/",
        "https://metrics-alpha.trial.example.elsewhere.example/",
    ],
)
def test_sign_in_redirects_to_no_other_host(proxy: OAuth2Proxy, elsewhere: str) -> None:
    answer = Browser(proxy=proxy).sign_in(f"/oauth2/start?rd={elsewhere}")
    assert (answer.status, answer.location) == (302, "/")


def test_forwarded_headers_are_trusted_only_from_the_gateway(zoned: Region, proxy: OAuth2Proxy, tmp_path: Path) -> None:
    """The tests do not come from its network; a proxy that believed them would take the page for an API."""
    forged = {"X-Forwarded-Uri": "/api/v1/query"}
    assert proxy.ask("/query", headers=forged).status == 302
    assert Browser(proxy=proxy).sign_in("/query", **{"X-Forwarded-Uri": "/elsewhere"}).location == "/query"
    with open_oauth2_proxy(zoned, tmp_path, without=("--trusted-proxy-ip",)) as credulous:
        assert credulous.ask("/query", headers=forged).status == 401


def test_forged_host_header_does_not_change_the_redirect(proxy: OAuth2Proxy) -> None:
    forged = {"X-Forwarded-Host": "elsewhere.example", "X-Forwarded-Proto": "http"}
    answer = Browser(proxy=proxy).sign_in("/query", **forged)
    assert answer.location == "/query"
    assert (
        "elsewhere.example" not in proxy.ask("/oauth2/sign_out?rd=https://elsewhere.example/", headers=forged).location
    )
