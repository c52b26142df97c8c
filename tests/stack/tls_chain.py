"""A region and a global view in small, with certificates, and with the flags that the values hold.

Prometheus writes to a router, which asks for a certificate; the router to an ingestor; Query asks that one, and another
Query, as the global one does, asks Query with a certificate.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from monitoring.blueprint.components.model import Component
from monitoring.blueprint.components.workloads import PROMETHEUS, QUERY, RECEIVE_ROUTER
from monitoring.blueprint.objects.certificates import dns_names
from monitoring.blueprint.releases import releases
from monitoring.blueprint.releases.thanos import query_flags, router_flags
from monitoring.blueprint.releases.tls import TLS_FOLDER, TRUST_FOLDER
from monitoring.fleet import Region
from monitoring.local.authorities import CLIENT, SERVER, Issued, issue
from tests.stack.processes import free_ports, running, tool

ROOTS = {name: issue(f"{name} root", authority=True) for name in ("old", "new", "next", "foreign")}
BY = {name: issue(f"{name} intermediate", by=root, authority=True) for name, root in ROOTS.items()}
BUNDLE = ROOTS["old"].pem + ROOTS["new"].pem
USAGES = {"server auth": SERVER, "client auth": CLIENT}
LISTENERS = (
    *(f"{part} {kind}" for part in ("ingestor", "router", "query", "global") for kind in ("grpc", "http")),
    *(f"{part} {kind}" for part in ("ingestor", "router") for kind in ("remote-write", "capnproto")),
    "prometheus",
)


def issued(component: Component, region: Region, *, by: str = "old", lasts: timedelta | None = None) -> Issued:
    """What cert-manager makes of the component's Certificate."""
    assert component.certificate
    return issue(
        component.name,
        by=BY[by],
        names=dns_names(component, region),
        usages=[USAGES[usage.value] for usage in component.certificate.usages],
        lasts=lasts or timedelta(days=90),
    )


def write(folder: Path, leaf: Issued) -> Path:
    """The files of the Secret, in a folder that is made."""
    folder.mkdir(exist_ok=True)
    (folder / "tls.crt").write_text(leaf.chain)
    (folder / "tls.key").write_text(leaf.key_pem)
    return folder


def write_trust(folder: Path, bundle: str) -> None:
    """The file of the ConfigMap."""
    (folder / "trust").mkdir()
    (folder / "trust" / "roots.pem").write_text(bundle)


def placed(flags: Sequence[str], folder: Path, component: Component) -> list[str]:
    """Flags of the values, with the files where the test has them."""
    return [
        flag.replace(TLS_FOLDER, str(folder / component.name)).replace(TRUST_FOLDER, str(folder / "trust"))
        for flag in flags
    ]


@dataclass(frozen=True, kw_only=True)
class Chain:
    """What runs: ports by listener, and a folder with the files of each component and `trust/roots.pem`."""

    folder: Path
    region: Region
    ports: dict[str, int]

    def context(self, leaf: Issued | None = None) -> ssl.SSLContext:
        """A client that trusts the bundle and shows `leaf`."""
        context = ssl.create_default_context(cafile=str(self.folder / "trust" / "roots.pem"))
        if leaf:
            files = write(self.folder / "client", leaf)
            context.load_cert_chain(files / "tls.crt", files / "tls.key")
        return context


@contextmanager
def running_chain(folder: Path, region: Region) -> Iterator[Chain]:
    """The chain, from when each part is ready until the end of the block."""
    write_trust(folder, BUNDLE)
    for component in (PROMETHEUS, RECEIVE_ROUTER, QUERY):
        write(folder / component.name, issued(component, region))
    chain = Chain(folder=folder, region=region, ports=dict(zip(LISTENERS, free_ports(len(LISTENERS)), strict=True)))
    context = chain.context()
    context.check_hostname = False  # it is asked by the loopback's address
    with ExitStack() as stack:
        for name, line in (("ingestor", _ingestor(chain)), ("router", _router(chain)), ("query", _query(chain))):
            stack.enter_context(running(line, log=folder / f"{name}.log", port=chain.ports[f"{name} http"]))
        stack.enter_context(running(_global(chain), log=folder / "global.log", port=chain.ports["global http"]))
        log = folder / "prometheus.log"
        stack.enter_context(running(_prometheus(chain), log=log, port=chain.ports["prometheus"], tls=context))
        yield chain


def _thanos(chain: Chain, part: str, kind: str) -> list[str]:
    flags = {"grpc": "grpc-address", "http": "http-address", "remote-write": "remote-write.address"}
    flags["capnproto"] = "receive.capnproto-address"
    addresses = {flag: chain.ports.get(f"{part} {listener}") for listener, flag in flags.items()}
    return [tool("thanos"), kind, *(f"--{flag}=127.0.0.1:{port}" for flag, port in addresses.items() if port)]


def _ingestor(chain: Chain) -> list[str]:
    return [
        *_thanos(chain, "ingestor", "receive"),
        f"--tsdb.path={chain.folder}/ingestor",
        '--label=receive_replica="0"',
    ]


def _router(chain: Chain) -> list[str]:
    ring = json.dumps([{"endpoints": [f"127.0.0.1:{chain.ports['ingestor grpc']}"]}])
    flags = placed(router_flags(), chain.folder, RECEIVE_ROUTER)
    return [*_thanos(chain, "router", "receive"), f"--receive.hashrings={ring}", '--label=receive_replica="1"', *flags]


def _query(chain: Chain) -> list[str]:
    endpoint = f"--endpoint=127.0.0.1:{chain.ports['ingestor grpc']}"
    return [*_thanos(chain, "query", "query"), endpoint, *placed(query_flags(), chain.folder, QUERY)]


def _global(chain: Chain) -> list[str]:
    files = write(chain.folder / "global", issue("global", by=BY["old"], usages=[CLIENT]))
    client = {
        "server_name": dns_names(QUERY, chain.region)[-1],
        "tls_config": {
            "ca_file": f"{chain.folder}/trust/roots.pem",
            "cert_file": f"{files}/tls.crt",
            "key_file": f"{files}/tls.key",
        },
    }
    endpoint = {"address": f"127.0.0.1:{chain.ports['query grpc']}", "client_config": client}
    return [*_thanos(chain, "global", "query"), f"--endpoint.sd-config={yaml.safe_dump({'endpoints': [endpoint]})}"]


def _prometheus(chain: Chain) -> list[str]:
    """It scrapes itself by TLS and writes to the router, by the operator's translation of the values."""
    values: Any = {release.name: release.values for release in releases(chain.region, ())}["kube-prometheus-stack"]
    spec, monitor = values["prometheus"]["prometheusSpec"], values["prometheus"]["serviceMonitor"]
    port = chain.ports["prometheus"]
    web = {**_shown(chain, spec["web"]["tlsConfig"]), "min_version": spec["web"]["tlsConfig"]["minVersion"]}
    (chain.folder / "web.yml").write_text(yaml.safe_dump({"tls_server_config": web}))
    scrape = {
        "job_name": "prometheus",
        "scheme": monitor["scheme"],
        "scrape_interval": "1s",
        "tls_config": _known(chain, monitor["tlsConfig"]),
        "static_configs": [{"targets": [f"127.0.0.1:{port}"]}],
    }
    (queue,) = spec["remoteWrite"]
    write_to = f"127.0.0.1:{chain.ports['router remote-write']}"
    remote = {
        "url": queue["url"].replace(RECEIVE_ROUTER.address("http-rem-write"), write_to),
        "tls_config": {**_known(chain, queue["tlsConfig"]), **_shown(chain, queue["tlsConfig"])},
    }
    config = {
        "global": {"external_labels": {"cluster": chain.region.name}},
        "scrape_configs": [scrape],
        "remote_write": [remote],
    }
    (chain.folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    files = {"config.file": "prometheus.yml", "storage.tsdb.path": "prometheus-db", "web.config.file": "web.yml"}
    flags = [f"--{flag}={chain.folder}/{name}" for flag, name in files.items()]
    return [tool("prometheus"), f"--web.listen-address=127.0.0.1:{port}", *flags]


def _shown(chain: Chain, tls: Any) -> dict[str, str]:
    """The operator mounts a Secret's key as a file."""
    assert tls["cert"]["secret"]["name"] == tls["keySecret"]["name"] == PROMETHEUS.certificate_secret
    folder = chain.folder / PROMETHEUS.name
    return {"cert_file": f"{folder}/{tls['cert']['secret']['key']}", "key_file": f"{folder}/{tls['keySecret']['key']}"}


def _known(chain: Chain, tls: Any) -> dict[str, str]:
    return {"ca_file": f"{chain.folder}/trust/{tls['ca']['configMap']['key']}", "server_name": tls["serverName"]}
