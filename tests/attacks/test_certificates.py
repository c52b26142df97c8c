"""Who gets in by which certificate: at the ports of remote write, of StoreAPI, of Prometheus itself."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from monitoring.blueprint.components.model import Component
from monitoring.blueprint.components.workloads import ALERTMANAGER, GLOBAL_QUERY, PROMETHEUS, QUERY, RECEIVE_ROUTER
from monitoring.blueprint.objects.certificates import identity
from monitoring.local.authorities import CLIENT, SERVER, Issued, issue
from monitoring.local.region import write_leaf
from tests.attacks.system import PATIENCE, Attacked
from tests.tables import Attacked as Record

pytestmark = pytest.mark.stack

REFUSED = (ssl.SSLError, ConnectionError)


def writes(target: Attacked, shows: Path | None) -> bool:
    """Whether a write gets in."""
    try:
        return target.write(b"\0", context=target.client(shows=shows)).status == 200
    except REFUSED:
        return False


def asks_stores(target: Attacked, shows: Path | None) -> bool:
    """Whether Query's gRPC says its first word, the settings of HTTP/2."""
    context = target.client(shows=shows)
    context.set_alpn_protocols(["h2"])
    host, _, port = target.addresses["query_grpc"].partition(":")
    try:
        with (
            socket.create_connection((host, int(port)), timeout=PATIENCE) as raw,
            context.wrap_socket(raw, server_hostname=host) as connection,
        ):
            connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")
            return bool(connection.recv(9))
    except REFUSED:
        return False


DOORS: dict[str, Callable[[Attacked, Path | None], bool]] = {"Receive router": writes, "Query, StoreAPI": asks_stores}


def of_component(target: Attacked, component: Component) -> Path:
    """The files of a component's own certificate."""
    return target.folder / "secrets" / component.certificate_secret


@pytest.mark.parametrize("at", DOORS)
def test_tls_connection_without_a_trusted_client_certificate_is_refused(
    target: Attacked, attacked: Record, tmp_path: Path, at: str
) -> None:
    foreign = issue("foreign root", authority=True)
    name = identity(PROMETHEUS, target.region.name)
    strangers: dict[str, Issued | None] = {
        "no certificate": None,
        "a certificate of a foreign root": issue(name, by=foreign, usages=[SERVER, CLIENT]),
        "a certificate of nobody": issue(name, usages=[SERVER, CLIENT]),
    }
    for who, leaf in strangers.items():
        if leaf:
            write_leaf(tmp_path / who, leaf)
        assert not DOORS[at](target, tmp_path / who if leaf else None), who
        attacked(at, who, tries=1, holds="TLS: RequireAndVerifyClientCert")


@pytest.mark.parametrize("at", DOORS)
@pytest.mark.parametrize("component", [RECEIVE_ROUTER, QUERY], ids=lambda one: one.name)
def test_server_certificate_is_refused_as_client_certificate(
    target: Attacked, attacked: Record, at: str, component: Component
) -> None:
    assert not DOORS[at](target, of_component(target, component))
    attacked(at, "a certificate of ours that is for servers", tries=1, holds="TLS: its usage is not client auth")


@pytest.mark.parametrize("at", DOORS)
@pytest.mark.parametrize("component", [PROMETHEUS, ALERTMANAGER, GLOBAL_QUERY], ids=lambda one: one.name)
def test_client_certificates_are_accepted_by_router_and_query(
    target: Attacked, attacked: Record, at: str, component: Component
) -> None:
    """The exception, which a Thanos that looks at names would end."""
    assert DOORS[at](target, of_component(target, component))
    if (at, component) not in {("Receive router", PROMETHEUS), ("Query, StoreAPI", GLOBAL_QUERY)}:
        why = "exception: Thanos looks at the root, not at the name; network policies name who may connect"
        attacked(at, "a client certificate of another component", tries=1, let_in=1, holds=why)


@pytest.mark.parametrize(("path", "status"), [("/federate?match[]=up", 200), ("/api/v1/query?query=up", 200)])
def test_prometheus_requires_no_client_certificate(target: Attacked, attacked: Record, path: str, status: int) -> None:
    """So the federation's certificate opens no more than none; what limits it to one path is kube-rbac-proxy."""
    answers = [
        target.ask(f"{target.url('prometheus')}{path}", context=target.client(shows=shows)).status
        for shows in (None, of_component(target, PROMETHEUS))
    ]
    assert answers == [status, status]
    why = "exception: the kubelet's probes have none; network policies name who may connect"
    attacked("Prometheus", "its own port without a certificate", tries=2, let_in=2, holds=why)


@pytest.mark.parametrize("path", ["/-/quit", "/-/reload", "/api/v1/admin/tsdb/delete_series", "/api/v1/write"])
def test_prometheus_lifecycle_and_admin_apis_are_disabled(target: Attacked, attacked: Record, path: str) -> None:
    assert target.ask(f"{target.url('prometheus')}{path}", form={}).status in {403, 404, 500}
    target.others_are_served()
    attacked("Prometheus", "administration at its own port", tries=1, holds="off: no flag of ours switches it on")
