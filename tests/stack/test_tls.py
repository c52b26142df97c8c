"""Certificates with the real Prometheus and Thanos: who gets in, who does not, and what a renewal needs."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from monitoring.blueprint.components.model import Component
from monitoring.blueprint.components.workloads import PROMETHEUS, QUERY, RECEIVE_ROUTER
from monitoring.blueprint.releases.thanos import router_flags
from monitoring.blueprint.releases.tls import WITH_SYSTEM_ROOTS
from monitoring.fleet import Region
from monitoring.local.authorities import Issued
from tests.stack.processes import PATIENCE, eventually, free_ports, running, tool
from tests.stack.tls_chain import BUNDLE, ROOTS, Chain, issued, placed, running_chain, write, write_trust

pytestmark = pytest.mark.stack

REFUSES_PLAIN = b"HTTP request to an HTTPS server"
"""What Go says to a plain request where it speaks TLS."""


@pytest.fixture(scope="module")
def chain(zoned: Region, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    with running_chain(tmp_path_factory.mktemp("tls"), zoned) as made:
        yield made


def ask_from_afar(chain: Chain, query: str) -> list[Any]:
    """The series of the global Query's answer, now."""
    url = f"http://127.0.0.1:{chain.ports['global http']}/api/v1/query?query={query}"
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        found: list[Any] = json.load(answer)["data"]["result"]
        return found


def connect(chain: Chain, listener: str, context: ssl.SSLContext, name: str) -> ssl.SSLSocket:
    raw = socket.create_connection(("127.0.0.1", chain.ports[listener]), timeout=PATIENCE)
    return context.wrap_socket(raw, server_hostname=name)


def write_to_router(chain: Chain, leaf: Issued | None) -> int:
    """Status of an empty write; an error where the router lets nobody in."""
    connection = http.client.HTTPConnection("127.0.0.1")
    with connect(chain, "router remote-write", chain.context(leaf), RECEIVE_ROUTER.host) as connection.sock:
        connection.request("POST", "/api/v1/receive", body=b"")
        return connection.getresponse().status


def ask_query(chain: Chain, leaf: Issued | None) -> bytes:
    """What a gRPC server says first, its HTTP/2 settings; an error where Query lets nobody in."""
    context = chain.context(leaf)
    context.set_alpn_protocols(["h2"])
    with connect(chain, "query grpc", context, QUERY.host) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")
        return connection.recv(9)


def serial(chain: Chain, listener: str, name: str) -> int:
    """Of the certificate that the server shows under that name."""
    context = chain.context(issued(PROMETHEUS, chain.region))
    context.set_alpn_protocols(["h2", "http/1.1"])
    with connect(chain, listener, context, name) as connection:
        shown = connection.getpeercert(binary_form=True)
        assert shown
        return x509.load_der_x509_certificate(shown).serial_number


def plain(port: int) -> bytes:
    """The answer to a write without TLS."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request("POST", "/api/v1/receive", body=b"")
    return connection.getresponse().read()


def test_samples_arrive_from_prometheus_at_the_global_query(chain: Chain) -> None:
    (series,) = eventually(lambda: ask_from_afar(chain, "up"))
    assert series["metric"]["cluster"] == chain.region.name
    assert series["value"][1] == "1", "Prometheus scrapes itself by TLS"


@pytest.mark.parametrize("by", ["old", "new"])
def test_client_certificate_of_any_bundled_root_is_accepted(chain: Chain, by: str) -> None:
    leaf = issued(PROMETHEUS, chain.region, by=by)
    assert write_to_router(chain, leaf) < 500
    assert ask_query(chain, leaf)


REFUSED: dict[str, Callable[[Region], Issued | None]] = {
    "without a certificate": lambda _: None,
    "of a foreign authority": lambda region: issued(PROMETHEUS, region, by="foreign"),
    "that has ended": lambda region: issued(PROMETHEUS, region, lasts=timedelta(days=1)),
    "that is for servers": lambda region: issued(QUERY, region),
}


@pytest.mark.parametrize("call", [write_to_router, ask_query])
@pytest.mark.parametrize("who", REFUSED)
def test_client_without_a_trusted_certificate_is_refused(
    chain: Chain, who: str, call: Callable[[Chain, Issued | None], object]
) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError)):
        call(chain, REFUSED[who](chain.region))


def test_the_router_refuses_plain_http(chain: Chain) -> None:
    assert REFUSES_PLAIN in plain(chain.ports["router remote-write"])


def test_prometheus_shows_the_names_that_its_callers_use(chain: Chain) -> None:
    for name in (PROMETHEUS.host, "localhost", "prometheus-prometheus-0.prometheus-operated.monitoring.svc"):
        assert serial(chain, "prometheus", name)
    with pytest.raises(ssl.SSLCertVerificationError):
        serial(chain, "prometheus", "grafana.monitoring.svc")


@pytest.mark.parametrize("trusting", [True, False])
def test_a_go_program_trusts_the_mounted_roots_by_its_environment(chain: Chain, tmp_path: Path, trusting: bool) -> None:
    """As Grafana and oauth2-proxy do: the folder is laid out as the kubelet mounts a ConfigMap, all by links."""
    written = tmp_path / "..2026_01_01"
    written.mkdir()
    (written / "roots.pem").write_text(BUNDLE)
    (tmp_path / "..data").symlink_to(written.name)
    (tmp_path / "roots.pem").symlink_to("..data/roots.pem")
    environment = {WITH_SYSTEM_ROOTS["name"]: str(tmp_path)} if trusting else {}
    line = [tool("promtool"), "query", "instant", f"https://localhost:{chain.ports['prometheus']}", "1"]
    done = subprocess.run(line, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) is trusting
    assert trusting or "certificate signed by unknown authority" in done.stderr


@pytest.mark.parametrize(
    ("listener", "component"),
    [("prometheus", PROMETHEUS), ("router remote-write", RECEIVE_ROUTER), ("query grpc", QUERY)],
)
def test_tls_versions_below_1_3_are_refused(chain: Chain, listener: str, component: Component) -> None:
    context = chain.context(issued(PROMETHEUS, chain.region))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError, match="alert protocol version"):
        connect(chain, listener, context, component.host)


def test_a_renewed_certificate_is_shown_without_a_restart(chain: Chain) -> None:
    """By the new root's intermediate, as in the middle of a rotation; and samples go on."""
    listeners = {PROMETHEUS: "prometheus", RECEIVE_ROUTER: "router remote-write", QUERY: "query grpc"}
    for component, listener in listeners.items():
        renewed = issued(component, chain.region, by="new")
        assert serial(chain, listener, component.host) != renewed.certificate.serial_number
        write(chain.folder / component.name, renewed)
        assert serial(chain, listener, component.host) == renewed.certificate.serial_number
    samples_go_on(chain)


def samples_go_on(chain: Chain) -> None:
    """Whatever is scraped from now on arrives."""
    now = time.time()
    # of a plain selector, `timestamp` is when the sample was scraped
    assert eventually(lambda: [at for at in ask_from_afar(chain, "timestamp(up)") if float(at["value"][1]) > now])


def test_prometheus_reloads_changed_roots_and_thanos_needs_a_restart(chain: Chain) -> None:
    """Why the one has no annotation with their checksum, and the other has."""
    (chain.folder / "trust" / "roots.pem").write_text(BUNDLE + ROOTS["next"].pem)
    write(chain.folder / RECEIVE_ROUTER.name, issued(RECEIVE_ROUTER, chain.region, by="next"))
    samples_go_on(chain)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        write_to_router(chain, issued(PROMETHEUS, chain.region, by="next"))


def test_thanos_serves_without_tls_where_its_bundle_is_empty(tmp_path: Path, zoned: Region) -> None:
    """Why there is no bundle at all without a root: a pod whose ConfigMap is missing does not start."""
    write_trust(tmp_path, "")
    write(tmp_path / RECEIVE_ROUTER.name, issued(RECEIVE_ROUTER, zoned))
    grpc, web, receive, capnproto = free_ports(4)
    line = [tool("thanos"), "receive", f"--grpc-address=127.0.0.1:{grpc}", f"--http-address=127.0.0.1:{web}"]
    line += [f"--remote-write.address=127.0.0.1:{receive}", '--receive.hashrings=[{"endpoints":["127.0.0.1:1"]}]']
    line += [f"--receive.capnproto-address=127.0.0.1:{capnproto}", '--label=a="b"']
    line += placed(router_flags(), tmp_path, RECEIVE_ROUTER)
    with running(line, log=tmp_path / "log", port=web):
        assert REFUSES_PLAIN not in plain(receive)
