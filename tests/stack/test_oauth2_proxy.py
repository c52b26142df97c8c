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
from monitoring.blueprint.access.paths import CLOSINGS, OPENINGS, SIGNED_IN, Caller, below
from monitoring.blueprint.components.workloads import COMPONENTS, GRAFANA
from monitoring.fleet import Region
from monitoring.local.servers import Person
from tests.stack.oauth2_proxy import Answer, Browser, Door, open_door, sample
from tests.stack.shut_paths import SHUT

pytestmark = pytest.mark.stack

SESSION = "__Host-oversight"
BY_NAME = {component.name: component for component in COMPONENTS}
OPEN = [(opening.component, sample(opening.component, path), opening) for opening in OPENINGS for path in opening.paths]
CLOSED = [sample(closing.component, path) for closing in CLOSINGS for path in closing.paths]
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
def door(zoned: Region, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with open_door(zoned, tmp_path_factory.mktemp("door")) as door:
        yield door


@pytest.fixture(scope="module")
def person(door: Door) -> Browser:
    browser = Browser(door=door)
    door.entra.person = Person(
        email=f"one@{door.region.access.email_domain}", groups=[door.region.access.allowed_group], roles=["Editor"]
    )
    assert browser.sign_in("/").status == 302
    return browser


def credentials(door: Door, person: Browser, caller: Caller) -> dict[str, str]:
    return person.header if caller is Caller.PERSON else door.machine()


@pytest.mark.parametrize("caller", SIGNED_IN)
def test_every_open_path_reaches_its_component_as_it_was_asked(door: Door, person: Browser, caller: Caller) -> None:
    headers = credentials(door, person, caller)
    for component, path, opening in OPEN:
        if caller in opening.callers:
            target = f"{path}?query=up&x=%2Fy"
            answer, visits = door.through(target, headers=headers)
            assert (answer.status, [(one.component, one.target) for one in visits]) == (200, [(component.name, target)])


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", KNOCKED)
def test_every_other_path_ends_at_the_door_however_it_is_written(
    door: Door, person: Browser, path: str, method: str
) -> None:
    for target in same_path(path):
        answer, visits = door.through(target, method=method, headers=person.header)
        assert not visits, f"{target} came through as {visits}"
        if answer.status in {301, 308}:  # to the cleaned path, which is shut as well
            answer, visits = door.through(answer.location, method=method, headers=person.header)
            assert not visits, f"{target} came through as {visits}"
        assert answer.status in {301, 308, 400, REFUSED}, target


@pytest.mark.parametrize("path", [path for path in KNOCKED if not path.startswith(below(GRAFANA, ""))])
def test_spellings_of_a_shut_path_are_shut(door: Door, person: Browser, path: str) -> None:
    for target in other_path(path):
        _, visits = door.through(target, headers=person.header)
        assert not visits, f"{target} came through as {visits}"


@pytest.mark.parametrize("header", ["X-Forwarded-Uri", "X-Original-Url", "X-Rewrite-Url"])
def test_a_header_does_not_stand_in_for_the_path(door: Door, person: Browser, header: str) -> None:
    _, visits = door.through("/api/v1/status/config", headers={**person.header, header: "/api/v1/query"})
    assert not visits
    _, visits = door.through("/api/v1/query", headers={header: "/oauth2/sign_in"})
    assert not visits


def test_who_has_not_signed_in_reaches_nothing(door: Door) -> None:
    for _, path, _ in OPEN:
        for method in ("GET", "POST", "DELETE", "OPTIONS"):
            answer, visits = door.through(path, method=method)
            assert not visits
            assert answer.status in {302, 401}


def test_an_api_says_401_where_a_page_leads_to_entra(door: Door) -> None:
    for path in ("/api/v1/query", "/alertmanager/api/v2/silences", "/grafana/api/search", "/thanos/api/v1/stores"):
        assert door.ask(path).status == 401
    for path in ("/", "/alertmanager/", "/grafana/", "/thanos/"):
        assert "/authorize?" in door.ask(path).location


@pytest.mark.parametrize("header", [USER_HEADER, ROLE_HEADER, *STRIPPED])
def test_what_a_client_says_of_itself_is_dropped(door: Door, person: Browser, header: str) -> None:
    for spelling in (header, header.lower(), header.replace("-", "_")):
        forged = {**person.header, spelling: person.header["Cookie"] if header == "Cookie" else "forged"}
        (visit,) = door.through("/grafana/", headers=forged)[1]
        assert not [name for name, value in visit.headers.items() if "forged" in value or SESSION in value]
        assert visit.headers[USER_HEADER.lower()] == door.entra.person.email
        assert visit.headers[ROLE_HEADER.lower()] == "Editor"


def test_no_component_sees_the_session_or_a_password(door: Door, person: Browser) -> None:
    for headers in (person.header, door.machine()):
        for component in {opening.component.name: opening.component for opening in OPENINGS}.values():
            (visit,) = door.through(below(component, "/"), headers=headers)[1]
            assert not {"authorization", "cookie"} & visit.headers.keys()


def test_a_person_without_a_role_brings_none(door: Door) -> None:
    browser = Browser(door=door)
    door.entra.person = Person(email=door.entra.person.email, groups=door.entra.person.groups)
    try:
        browser.sign_in("/grafana/")
    finally:
        door.entra.person.roles = ["Editor"]
    (visit,) = door.through("/grafana/", headers=browser.header)[1]
    assert ROLE_HEADER.lower() not in visit.headers


def test_signing_in_leads_back_to_the_page_with_a_cookie_of_this_host_alone(door: Door) -> None:
    browser = Browser(door=door)
    answer = browser.sign_in("/query?g0.expr=up")
    assert (answer.status, answer.location) == (302, "/query?g0.expr=up")
    cookie = answer.cookies[SESSION]
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, True, "Lax", "/")
    assert (cookie["domain"], cookie["max-age"]) == ("", str(8 * 3600))
    assert browser.get("/query").status == 200


def test_the_sign_in_brings_the_pods_own_token(door: Door) -> None:
    token, redeemed = door.entra.pod_token, door.entra.redeemed
    door.entra.pod_token = "another"  # noqa: S105  (none)
    try:
        assert refused(Browser(door=door).sign_in("/"))
    finally:
        door.entra.pod_token = token
    assert door.entra.redeemed == redeemed


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
def test_who_is_not_meant_does_not_get_in(door: Door, person: Person) -> None:
    before, door.entra.person = door.entra.person, person
    browser = Browser(door=door)
    try:
        assert refused(browser.sign_in("/"))
    finally:
        door.entra.person = before
    assert not door.through("/", headers=browser.header)[1]


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
def test_a_token_of_another_tenant_application_or_sign_in_is_refused(door: Door, claims: dict[str, object]) -> None:
    door.entra.claims = claims
    try:
        assert refused(Browser(door=door).sign_in("/"))
    finally:
        door.entra.claims = {}


def signed(door: Door, value: str, at: int) -> str:
    """A session cookie's value as the proxy signs it: what it holds, when, and the HMAC of name, value and time."""
    digest = hmac.new(door.cookie_secret.encode(), f"{SESSION}{value}{at}".encode(), hashlib.sha256).digest()
    return f"{value}|{at}|{base64.urlsafe_b64encode(digest).decode()}"


def test_a_session_ends_after_eight_hours(door: Door, person: Browser) -> None:
    value = person.cookies[SESSION].partition("|")[0]
    now = int(time.time())
    for age, through in ((60, True), (8 * 3600 - 60, True), (8 * 3600 + 60, False), (30 * 24 * 3600, False)):
        cookie = {"Cookie": f"{SESSION}={signed(door, value, now - age)}"}
        assert bool(door.through("/query", headers=cookie)[1]) is through, age


def test_a_forged_session_is_refused(door: Door, person: Browser) -> None:
    value, at, signature = person.cookies[SESSION].split("|")
    other = base64.urlsafe_b64encode(hashlib.sha256(b"").digest()).decode()
    for forged in (
        "",
        "x",
        f"{value}|{int(at) + 60}|{signature}",
        f"{value}|{at}|{other}",
        f"{value[:-8]}AAAAAAAA|{at}|{signature}",
        signed(door, base64.urlsafe_b64encode(b"email=one@trial.example").decode(), int(time.time())),
    ):
        assert not door.through("/query", headers={"Cookie": f"{SESSION}={forged}"})[1], forged


def test_a_machine_gets_in_by_its_password_and_is_nobody_to_grafana(door: Door) -> None:
    answer, visits = door.through("/api/v1/query?query=up", headers=door.machine())
    assert (answer.status, len(visits)) == (200, 1)
    (visit,) = door.through("/grafana/api/search", headers=door.machine())[1]
    assert not {USER_HEADER.lower(), ROLE_HEADER.lower()} & visit.headers.keys()


@pytest.mark.parametrize("authorization", ["Basic YWRtaW46d3Jvbmc=", "Basic bm9ib2R5Og==", "Basic x", "Bearer x", "x"])
def test_a_wrong_password_stays_outside(door: Door, authorization: str) -> None:
    answer, visits = door.through("/api/v1/query?query=up", headers={"Authorization": authorization})
    assert (answer.status, visits) == (401, [])


def test_without_a_group_of_their_own_machines_would_be_refused(zoned: Region, tmp_path: Path) -> None:
    with open_door(zoned, tmp_path, without=("--htpasswd-user-group",)) as door:
        answer, visits = door.through("/api/v1/query?query=up", headers=door.machine())
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
def test_signing_in_leads_to_no_other_host(door: Door, elsewhere: str) -> None:
    answer = Browser(door=door).sign_in(f"/oauth2/start?rd={elsewhere}")
    assert (answer.status, answer.location) == (302, "/")


def test_only_the_gateway_says_what_was_asked(zoned: Region, door: Door, tmp_path: Path) -> None:
    """The tests do not come from its network; a proxy that believed them would take the page for an API."""
    forged = {"X-Forwarded-Uri": "/api/v1/query"}
    assert door.ask("/query", headers=forged).status == 302
    assert Browser(door=door).sign_in("/query", **{"X-Forwarded-Uri": "/elsewhere"}).location == "/query"
    with open_door(zoned, tmp_path, without=("--trusted-proxy-ip",)) as credulous:
        assert credulous.ask("/query", headers=forged).status == 401


def test_a_forged_host_does_not_bend_the_way_back(door: Door) -> None:
    forged = {"X-Forwarded-Host": "elsewhere.example", "X-Forwarded-Proto": "http"}
    answer = Browser(door=door).sign_in("/query", **forged)
    assert answer.location == "/query"
    assert (
        "elsewhere.example" not in door.ask("/oauth2/sign_out?rd=https://elsewhere.example/", headers=forged).location
    )
