"""Clients that hold on to what they get, hundreds at once: idle, slow in their headers, slow in their bodies."""

from __future__ import annotations

import json
import resource
import socket
import ssl
import urllib.parse
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from monitoring.blueprint.components.workloads import ALERTMANAGER_PATH, THANOS_PATH
from tests.attacks.remote_write import HEADERS
from tests.attacks.system import PATIENCE, Attacked, another, own, request
from tests.stack.processes import eventually
from tests.tables import Attacked as Record

pytestmark = pytest.mark.stack

MANY = 200
MORE_THAN_PROMETHEUS_TAKES = 600
"""Its `--web.max-connections` is 512."""

CLOSED = "closed after a minute, fixed in the code; a component hears of whole requests only"
NO_LIMIT = "others are served; nothing ends it, memory alone bounds it"


@pytest.fixture(autouse=True, scope="module")
def files() -> Iterator[None]:
    """As many sockets as the tests hold."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@contextmanager
def holding(
    url: str, first: bytes, count: int = MANY, *, tls: ssl.SSLContext | None = None
) -> Iterator[list[socket.socket]]:
    """As many connections until the block ends, each with the first bytes of a request sent, after a handshake."""
    where = urllib.parse.urlsplit(url)
    assert where.hostname
    with ExitStack() as stack:
        made = []
        for _ in range(count):
            one = stack.enter_context(socket.create_connection((where.hostname, where.port), timeout=PATIENCE))
            if first and tls and where.scheme == "https":
                one = stack.enter_context(tls.wrap_socket(one, server_hostname=where.hostname))
            one.sendall(first)
            made.append(one)
        yield made


def begun(path: str, headers: dict[str, str]) -> bytes:
    """A request whose body has begun: one byte of very many."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Length: 1000000"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", "q"]).encode()


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def slow_headers(target: Attacked) -> Iterator[list[socket.socket]]:
    """Opened first, and asked last what became of them."""
    with holding(
        target.addresses["proxy"], b"GET /query HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ", tls=target.client()
    ) as made:
        yield made


def test_slow_headers_at_oauth2_proxy_do_not_delay_other_clients(
    target: Attacked, slow_headers: list[socket.socket]
) -> None:
    target.others_are_served()
    assert len(slow_headers) == MANY


def test_idle_connections_at_oauth2_proxy_do_not_delay_other_clients(target: Attacked, attacked: Record) -> None:
    with holding(target.addresses["proxy"], b""):
        target.others_are_served()
    attacked("oauth2-proxy", "idle connections", tries=MANY, holds=CLOSED)


def test_slow_request_body_without_session_is_rejected_immediately(target: Attacked, attacked: Record) -> None:
    paths = ("/api/v1/query", f"{THANOS_PATH}/api/v1/query", f"{ALERTMANAGER_PATH}/api/v2/alerts", "/api/v1/write")
    for path in paths:
        with holding(target.addresses["proxy"], begun(path, FORM), MANY // 4, tls=target.client()) as made:
            target.others_are_served()
            assert {one.recv(12) for one in made} == {b"HTTP/1.1 401"}
    attacked("oauth2-proxy", "slow bodies without a session", tries=MANY, holds="401 before the body is read")


SLOW_BODIES = {
    "Prometheus": ("", MORE_THAN_PROMETHEUS_TAKES, "others are served: by HTTP/2 all of them are few connections"),
    "query-frontend": (THANOS_PATH, MANY, NO_LIMIT),
}


@pytest.mark.parametrize("at", SLOW_BODIES)
def test_slow_request_body_with_session_does_not_delay_other_clients(
    target: Attacked, attacked: Record, at: str
) -> None:
    path, count, holds = SLOW_BODIES[at]
    first = begun(f"{path}/api/v1/query", FORM | target.machine)
    with holding(target.addresses["proxy"], first, count, tls=target.client()):
        target.others_are_served()
    attacked(at, "slow bodies, signed in", tries=count, holds=holds)


def test_idle_connections_at_prometheus_do_not_delay_other_clients(target: Attacked, attacked: Record) -> None:
    with holding(target.url("prometheus"), b""):
        target.others_are_served()
    attacked("Prometheus", "idle connections", tries=MANY, holds="web.max-connections 512, web.read-timeout 5m")


def test_prometheus_at_max_connections_accepts_no_new_connection(
    target: Attacked, attacked: Record, tmp_path: Path
) -> None:
    """The exception, at 20 instead of 512: only network policies and oauth2-proxy's HTTP/2 stand before it."""
    pod, replaced = "prometheus-prometheus-0", ("--storage.tsdb.path", "--config.file")
    more = [*own(tmp_path), "--web.max-connections=20"]
    with another(target, pod, tmp_path, without=replaced, more=more) as few:
        url = f"https://{few.address('--web.listen-address')}"
        with holding(url, b"", 40), pytest.raises(TimeoutError):
            no_place(url, target)
        assert eventually(lambda: target.ask(f"{url}/-/ready").status == 200)
    holds = "exception: who may connect to it can fill it, for five minutes; network policies name who may"
    attacked("Prometheus", "as many idle connections as it takes", tries=1, let_in=1, holds=holds)


def no_place(url: str, target: Attacked) -> None:
    """A connection that the kernel takes, and the server does not, while others are served and two seconds after."""
    where = urllib.parse.urlsplit(url)
    with socket.create_connection((str(where.hostname), where.port or 0), timeout=PATIENCE) as one:
        waits = target.client().wrap_socket(one, server_hostname=where.hostname, do_handshake_on_connect=False)
        waits.settimeout(2)
        with suppress(TimeoutError):
            waits.do_handshake()
        target.others_are_served()
        waits.do_handshake()


@pytest.mark.parametrize("what", ["idle connections", "slow bodies, with a certificate"])
def test_slow_remote_write_senders_do_not_delay_other_senders(target: Attacked, attacked: Record, what: str) -> None:
    address = f"https://{target.addresses['remote_write']}"
    first, tls = (b"", None) if what.startswith("idle") else (begun("/api/v1/receive", HEADERS), target.sender)
    with holding(address, first, tls=tls):
        target.others_are_served()
    attacked("Receive router", what, tries=MANY, holds=NO_LIMIT)


def test_slow_senders_would_block_all_writes_under_a_concurrency_limit(target: Attacked, tmp_path: Path) -> None:
    """Why there is no `max_concurrency`: its gate is passed before the body is read."""
    limits = ["--receive.limits-config={write: {global: {max_concurrency: 20}}}"]
    router, replaced = "thanos-receive-router-0", ("--receive.limits-config",)
    slow, quick = begun("/api/v1/receive", HEADERS), begun("/api/v1/receive", HEADERS).replace(b"1000000", b"1")
    with another(target, router, tmp_path, without=replaced, more=limits) as gated:
        url = f"https://{gated.address('--remote-write.address')}"
        metrics = f"http://{gated.address('--http-address')}/metrics"
        with holding(url, slow, 20, tls=target.sender):
            eventually(lambda: b"write_requests_in_flight 20" in target.ask(metrics).body)
            with holding(url, quick, 1, tls=target.sender) as (one,):
                target.others_are_served()
                one.settimeout(2)
                with pytest.raises(TimeoutError):
                    one.recv(1)


def test_basic_auth_guesses_are_refused_without_delaying_other_clients(target: Attacked, attacked: Record) -> None:
    url = f"{target.addresses['proxy']}/api/v1/query?query=up"
    with ThreadPoolExecutor(20) as pool:
        answers = [
            pool.submit(target.ask, url, headers={"Authorization": "Basic YWRtaW46d3Jvbmc="}) for _ in range(MANY)
        ]
        target.others_are_served()
    assert {answer.result().status for answer in answers} == {401}
    holds = "401; nothing slows them down, and each costs oauth2-proxy what bcrypt takes: a password is 32 random bytes"
    attacked("oauth2-proxy", "guesses of a machine's password", tries=MANY, holds=holds)


@pytest.mark.parametrize("path", ["/api/v1/admin/tsdb/snapshot", "/api/v1/write", "/nothing"])
def test_large_body_for_a_denied_path_is_refused_without_reading_it(
    target: Attacked, attacked: Record, path: str
) -> None:
    answer = target.ask(f"{target.addresses['proxy']}{path}", form={"query": "x" * 64 * 2**20}, headers=target.machine)
    target.others_are_served()
    assert answer.status == 403
    attacked("oauth2-proxy", "64 MiB for a shut path, signed in", tries=1, holds="403 before the body is read")


def test_large_alert_post_does_not_affect_the_other_alertmanager(target: Attacked, attacked: Record) -> None:
    """The exception: Alertmanager has a limit for silences, none for alerts."""
    text = "x" * 1000
    alerts = [{"labels": {"alertname": "flood", "n": str(n)}, "annotations": {"text": text}} for n in range(8000)]
    answer = request(
        f"{target.addresses['proxy']}{ALERTMANAGER_PATH}/api/v2/alerts",
        body=json.dumps(alerts).encode(),
        headers={"Content-Type": "application/json"} | target.machine,
        context=target.client(),
    )
    target.others_are_served()
    assert answer.status == 200
    assert target.ask(f"{target.url('alertmanager', 1)}{ALERTMANAGER_PATH}/-/ready").status == 200
    why = "exception: no limit; 32 MB took 190 of the 256 MB that one of three has; who has signed in can"
    attacked("Alertmanager", "8 MB of alerts, signed in", tries=1, let_in=1, holds=why)


def test_slow_headers_at_oauth2_proxy_time_out(attacked: Record, slow_headers: list[socket.socket]) -> None:
    assert {one.recv(1) for one in slow_headers} == {b""}
    attacked("oauth2-proxy", "slow headers", tries=MANY, holds=CLOSED)
