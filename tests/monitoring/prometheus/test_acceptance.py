"""The system in miniature holds every acceptance criterion; with a deployed value broken, a check tells."""

from __future__ import annotations

import copy
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from monitoring.bench.freshness import watch
from monitoring.blueprint.components.workloads import KUBE_PROMETHEUS_STACK, THANOS
from monitoring.blueprint.releases import releases
from monitoring.blueprint.releases.release import Release
from monitoring.local import region as local_region
from monitoring.local.system import System
from monitoring.verify.addresses import read_addresses
from monitoring.verify.model import Result, State
from monitoring.verify.run import CHECKS, ask, verify
from tests.monitoring.prometheus.miniature import FIRST, FLEET, SECOND, system

pytestmark = pytest.mark.stack

PATIENCE = 120
"""Seconds until all must hold: a minute of samples, and blocks on their way to Blob."""

BENCH = 20
"""Seconds in which some samples arrive, whatever the machine."""

WITHOUT = {
    FIRST.name: set(),
    SECOND.name: {
        "blocks in Blob",
        "sign-in is required",
        "basic auth lets a machine in",
        "the global query",
        "federation",
    },
}
"""Checks of what a region does not have."""


def results(folder: Path, region: str, *, patience: float) -> dict[str, Result]:
    client, deployment = read_addresses(folder / "addresses.json", FLEET, region)
    found = {result.check: result for result in verify(client, deployment, patience=patience)}
    blocks = next(check for check in CHECKS if check.name == "blocks in Blob")
    until = time.monotonic() + patience
    while found[blocks.name].state is State.TOO_YOUNG and time.monotonic() < until:
        time.sleep(1)
        found[blocks.name] = ask(blocks, client, deployment)
    return found


@pytest.fixture(scope="module")
def accepted(whole: System) -> Mapping[str, Mapping[str, Result]]:
    """What each region's checks say."""
    return {name: results(whole.folder, name, patience=PATIENCE) for name in (SECOND.name, FIRST.name)}


@pytest.mark.parametrize("region", [FIRST.name, SECOND.name])
@pytest.mark.parametrize("check", [check.name for check in CHECKS])
def test_acceptance_check_passes_on_the_local_system(
    accepted: Mapping[str, Mapping[str, Result]], check: str, region: str
) -> None:
    result = accepted[region][check]
    assert result.state is (State.NOT_HERE if check in WITHOUT[region] else State.OK), result.evidence


@pytest.mark.parametrize(
    ("service", "remote_write", "asked", "answer"),
    [
        ("prometheus", False, "GET /federate?match[]=up", b" 200 "),
        ("thanos-receiver", True, "POST /api/v1/receive", b" 400 "),  # nothing was sent, so there is nothing to take
    ],
)
@pytest.mark.parametrize("name", ["{}", "{}.monitoring.svc", "{}.monitoring.svc.cluster.local"])
def test_an_endpoint_answers_under_its_name(
    whole: System, name: str, service: str, remote_write: bool, asked: str, answer: bytes
) -> None:
    """As a pod that the network policies pass, with a client certificate of the region: the server is who it says."""
    host, addresses = name.format(service), whole.addresses[FIRST.name]
    context = ssl.create_default_context(cafile=addresses["trust"])
    own = Path(addresses["client_certificate"])
    context.load_cert_chain(own / "tls.crt", own / "tls.key")
    context.set_alpn_protocols(["http/1.1"])
    at = addresses["remote_write"] if remote_write else urlsplit(addresses["components"]["prometheus"][0]).netloc
    address, _, port = at.rpartition(":")
    with (
        socket.create_connection((address, int(port)), timeout=PATIENCE) as raw,
        context.wrap_socket(raw, server_hostname=host) as tls,
    ):
        tls.sendall(f"{asked} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        assert answer in tls.makefile("rb").readline()


@pytest.mark.usefixtures("accepted")
def test_the_bench_sees_samples_of_both_regions_arrive(whole: System) -> None:
    waited = watch(whole, FIRST.name, SECOND.name, seconds=BENCH)
    for region in ("own region", "another region"):
        assert 0 < waited[f"{region}: median"] <= waited[f"{region}: most"]


def no_replica_label(values: Any) -> None:
    values["prometheus"]["prometheusSpec"]["replicaExternalLabelNameClear"] = True


def a_broken_rule_name(values: Any) -> None:
    groups = values["additionalPrometheusRulesMap"]["business-rules"]["groups"]
    groups[0]["rules"][0]["record"] += "_broken"


def no_client_certificate(values: Any) -> None:
    flags = values["receive"]["router"]["extraArgs"]
    values["receive"]["router"]["extraArgs"] = [flag for flag in flags if "-tls-client-ca" not in flag]


def a_copy_too_few(values: Any) -> None:
    values["receive"]["replicationFactor"] = 2


FAULTS: dict[Callable[[Any], None], tuple[str, str]] = {
    no_replica_label: (KUBE_PROMETHEUS_STACK, "the Prometheus replicas are up"),
    a_broken_rule_name: (KUBE_PROMETHEUS_STACK, "rules are evaluated"),
    no_client_certificate: (THANOS, "the router wants a certificate"),
    a_copy_too_few: (THANOS, "copies in Receive"),
}
"""A deployed value broken on purpose: of which release, and the check that must tell."""

HOLD = ("they agree", "retention", "the Alertmanagers are one", "Query wants a certificate")
"""Checks that none of the faults touches."""


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Result]]:
    """What the checks say of a region with all of the faults, asked until the others hold."""
    folder = tmp_path_factory.mktemp("faulty")

    def broken(*arguments: Any) -> tuple[Release, ...]:
        made = []
        for release in releases(*arguments):
            values = copy.deepcopy(dict(release.values))
            for fault, (name, _) in FAULTS.items():
                if name == release.name:
                    fault(values)
            made.append(replace(release, values=values))
        return tuple(made)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local_region, "releases", broken)
        with system(folder, SECOND.name):
            yield results(folder, SECOND.name, patience=30)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_seeded_fault_fails_its_acceptance_check(faulty: Mapping[str, Result], fault: Callable[[Any], None]) -> None:
    _, check = FAULTS[fault]
    assert faulty[check].state is State.FAILED, faulty[check].evidence


@pytest.mark.parametrize("check", HOLD)
def test_unrelated_acceptance_checks_pass_despite_a_seeded_fault(faulty: Mapping[str, Result], check: str) -> None:
    assert faulty[check].state is State.OK, faulty[check].evidence
