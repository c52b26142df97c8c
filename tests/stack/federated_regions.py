"""Federation in small: both replicas of a region, the Prometheus with the global view, and what it writes to; all real.

In place of kube-rbac-proxy, which is no Go module that could be had, the region's own Prometheus asks for a client's
certificate (web TLS, `client_auth_type`): that is the sidecar's first check, not its second, the client's name, and not
its third, the path. What the tests change: intervals, files of a folder, and a proxy that knows the private names.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from subprocess import Popen
from threading import Thread
from typing import Any

import yaml

from monitoring.blueprint.components.names import federation_host
from monitoring.blueprint.components.workloads import PROMETHEUS
from monitoring.blueprint.rules.loader import rules
from monitoring.blueprint.scraping.federation import kept_here, scrape_jobs
from monitoring.fleet import Fleet, Region
from tests.rules.promtool import write as write_rules
from tests.stack.processes import free_ports, running, tool
from tests.stack.prometheus import Prometheus
from tests.stack.tls_chain import BUNDLE, issued, write, write_trust

LOOKBACK = 6
"""Seconds after which a sample is gone, in place of five minutes."""


@dataclass(frozen=True, kw_only=True)
class RunningRegions:
    """What runs: the region's replicas by number, the global Prometheus, and the receiver of its samples."""

    folder: Path
    region: Region
    ports: Mapping[str, int]
    replicas: Mapping[int, Popen[bytes]]
    view: Prometheus
    receiver: Prometheus

    def context(self, *, certificate: bool = True) -> ssl.SSLContext:
        """A client of the region's Prometheus, as the global one."""
        return client(self.folder, certificate=certificate)


def client(folder: Path, *, certificate: bool = True) -> ssl.SSLContext:
    """Who trusts the bundle, and shows the global Prometheus' certificate; names are not looked at."""
    context = ssl.create_default_context(cafile=str(folder / "trust" / "roots.pem"))
    context.check_hostname = False  # asked by the loopback's address
    if certificate:
        context.load_cert_chain(folder / "view" / "tls.crt", folder / "view" / "tls.key")
    return context


@contextmanager
def names_known(known: Mapping[str, int]) -> Iterator[int]:
    """The port of a proxy (CONNECT) that stands for the private zone: it knows `host:port`, each at a loopback port."""

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            asked = b""
            while b"\r\n\r\n" not in asked:
                if not (more := self.request.recv(4096)):
                    return
                asked += more
            host = asked.split()[1].decode()
            try:
                there = socket.create_connection(("127.0.0.1", known[host]))
            except (KeyError, ConnectionRefusedError):
                self.request.sendall(b"HTTP/1.1 502 no such host\r\n\r\n")
                return
            with there:
                self.request.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                back = Thread(target=_carry, args=(there, self.request), daemon=True)
                back.start()
                _carry(self.request, there)
                back.join()

    ThreadingTCPServer.daemon_threads = True
    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


def _carry(source: socket.socket, target: socket.socket) -> None:
    """Bytes of one direction until it ends."""
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return


@contextmanager
def running_regions(folder: Path, fleet: Fleet, *, view: Region, region: Region) -> Iterator[RunningRegions]:
    """Everything, from when each part is ready until the end of the block."""
    write_trust(folder, BUNDLE)
    write(folder / "view", issued(PROMETHEUS, view))
    write(folder / "region", issued(PROMETHEUS, region))
    ports = dict(zip(("0", "1", "view", "receiver"), free_ports(4), strict=True))
    zone = region.fleet.private_dns_zone
    known = {
        f"{federation_host(region.name, replica, zone)}:{PROMETHEUS.port('federate').number}": ports[str(replica)]
        for replica in (0, 1)
    }
    with ExitStack() as stack:
        replicas = {
            replica: stack.enter_context(
                running(
                    _replica(folder, region, replica, ports[str(replica)]),
                    log=folder / f"{replica}.log",
                    port=ports[str(replica)],
                    tls=client(folder),
                )
            )
            for replica in (0, 1)
        }
        line = _line(folder, "receiver", ports["receiver"], {"scrape_configs": []})
        line.append("--web.enable-remote-write-receiver")
        stack.enter_context(running(line, log=folder / "receiver.log", port=ports["receiver"]))
        proxy = stack.enter_context(names_known(known))
        config = _view(folder, fleet, view, proxy=proxy, receiver=ports["receiver"])
        line = [*_line(folder, "view", ports["view"], config), f"--query.lookback-delta={LOOKBACK}s"]
        stack.enter_context(running(line, log=folder / "view.log", port=ports["view"]))
        yield RunningRegions(
            folder=folder,
            region=region,
            ports=ports,
            replicas=replicas,
            view=Prometheus(port=ports["view"], until=0),
            receiver=Prometheus(port=ports["receiver"], until=0),
        )


def _line(folder: Path, name: str, port: int, config: Mapping[str, Any]) -> list[str]:
    file = folder / f"{name}.yml"
    file.write_text(yaml.safe_dump(dict(config)), encoding="utf-8")
    return [
        str(tool("prometheus")),
        f"--config.file={file}",
        f"--storage.tsdb.path={folder}/{name}-db",
        f"--web.listen-address=127.0.0.1:{port}",
    ]


def _rules(folder: Path, name: str, files: Sequence[str]) -> list[str]:
    """Files as delivered, evaluated each second; `for` of alerts stays."""
    delivered = rules().delivered(runbook_base="https://pages.trial.example", global_view=True)
    chosen = {file: delivered[file] for file in files}
    for content in chosen.values():
        for group in content["groups"]:
            group["interval"] = "1s"
    (folder / name).mkdir()
    return [str(path) for path in write_rules(chosen, folder / name)]


def _external(region: Region, replica: int) -> dict[str, str]:
    """As the operator writes them."""
    return {
        "cluster": region.name,
        "environment": region.environment,
        "prometheus": "monitoring/prometheus-prometheus",
        "prometheus_replica": f"prometheus-prometheus-{replica}",
    }


def _replica(folder: Path, region: Region, replica: int, port: int) -> list[str]:
    """It scrapes itself, and records the aggregates of the rules."""
    web = {
        "cert_file": f"{folder}/region/tls.crt",
        "key_file": f"{folder}/region/tls.key",
        "client_ca_file": f"{folder}/trust/roots.pem",
        "client_auth_type": "RequireAndVerifyClientCert",
        "min_version": "TLS13",
    }
    (folder / "web.yml").write_text(yaml.safe_dump({"tls_server_config": web}), encoding="utf-8")
    files = {"ca_file": "trust/roots.pem", "cert_file": "region/tls.crt", "key_file": "region/tls.key"}
    itself = {
        "job_name": "prometheus-prometheus",
        "scheme": "https",
        "scrape_interval": "1s",
        "tls_config": {**{key: f"{folder}/{file}" for key, file in files.items()}, "server_name": PROMETHEUS.host},
        "static_configs": [{"targets": [f"127.0.0.1:{port}"], "labels": {"namespace": "monitoring"}}],
    }
    config = {
        "global": {"external_labels": _external(region, replica)},
        "rule_files": _rules(folder, f"rules-{replica}", ["cluster-rules"]),
        "scrape_configs": [itself],
    }
    return [*_line(folder, f"replica-{replica}", port, config), f"--web.config.file={folder}/web.yml"]


def _view(folder: Path, fleet: Fleet, view: Region, *, proxy: int, receiver: int) -> dict[str, Any]:
    jobs = scrape_jobs(view, fleet.peers_of(view), trust=f"{folder}/trust/roots.pem", tls=f"{folder}/view")
    faster = {"scrape_interval": "1s", "scrape_timeout": "1s", "proxy_url": f"http://127.0.0.1:{proxy}"}
    kept = [
        {"source_labels": rule["sourceLabels"], "regex": rule["regex"], "action": rule["action"]}
        for rule in kept_here(view)
    ]
    writes = {"url": f"http://127.0.0.1:{receiver}/api/v1/write", "write_relabel_configs": kept}
    return {
        "global": {"external_labels": _external(view, 0)},
        "rule_files": _rules(folder, "rules-view", ["global-rules", "alerts-federation"]),
        "scrape_configs": [{**job, **faster} for job in jobs],
        "remote_write": [writes],
    }
