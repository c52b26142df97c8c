"""Other regions' aggregates with the real Prometheus: what arrives, under which names, and how far it goes."""

from __future__ import annotations

import ssl
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from monitoring.blueprint.rules.loader import rules
from monitoring.fleet import Fleet
from tests.stack.federated_regions import RunningRegions, running_regions
from tests.stack.processes import PATIENCE, eventually

pytestmark = pytest.mark.stack

UP = "cluster:monitoring_up:ratio"
BETA = "trial-beta"
REPLICAS = {"prometheus-prometheus-0", "prometheus-prometheus-1"}


@pytest.fixture(scope="module")
def regions(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegions]:
    folder = tmp_path_factory.mktemp("federation")
    with running_regions(folder, fleet, view=fleet.region("trial-alpha"), region=fleet.region(BETA)) as made:
        eventually(lambda: len(series(made, f"federated:{UP}")) == 2 and series(made, f"global:{UP}"))
        yield made


def series(regions: RunningRegions, query: str) -> list[dict[str, str]]:
    """Labels of what the global Prometheus has now."""
    return [one["metric"] for one in regions.view.query(query, time=int(time.time()))]


def names(prometheus: Any, **parameters: str) -> set[str]:
    """Every name that it has a series of."""
    return set(prometheus.get("/api/v1/label/__name__/values?" + urllib.parse.urlencode(parameters)))


def federate(regions: RunningRegions, *matches: str, context: ssl.SSLContext | None = None) -> set[str]:
    """Names on the page of the region's first replica."""
    asked = urllib.parse.urlencode([("match[]", one) for one in matches])
    url = f"https://127.0.0.1:{regions.ports['0']}/federate?{asked}"
    with urllib.request.urlopen(url, context=context or regions.context(), timeout=PATIENCE) as page:
        lines = page.read().decode().splitlines()
    return {line.partition("{")[0] for line in lines if line and not line.startswith("#")}


def test_each_replicas_aggregates_arrive_under_a_name_of_their_own(regions: RunningRegions) -> None:
    found = series(regions, f"federated:{UP}")
    assert {one["prometheus_replica"] for one in found} == REPLICAS
    assert {(one["cluster"], one["environment"]) for one in found} == {(BETA, "trial")}


def test_a_series_of_a_service_keeps_its_job_and_namespace(regions: RunningRegions) -> None:
    found = series(regions, "federated:job:up:ratio")
    assert {(one["job"], one["namespace"]) for one in found} == {("prometheus-prometheus", "monitoring")}


def test_federated_series_are_deduplicated_without_replica_label(regions: RunningRegions) -> None:
    found = series(regions, f"global:{UP}")
    assert found == [{"__name__": f"global:{UP}", "cluster": BETA, "environment": "trial"}]


def test_federated_series_exist_only_under_prefixed_names(regions: RunningRegions) -> None:
    """So nothing of it is met by this region's rules, alerts and pages."""
    of_beta = names(regions.view, **{"match[]": f'{{cluster="{BETA}"}}'})
    recorded = {f"{before}:{name}" for name in rules().federated for before in ("federated", "global")}
    assert {f"federated:{UP}", f"global:{UP}"} <= of_beta <= recorded | {"ALERTS", "ALERTS_FOR_STATE"}


def test_federated_series_are_not_remote_written_and_global_rules_are(regions: RunningRegions) -> None:
    eventually(lambda: f"global:{UP}" in names(regions.receiver))
    written = names(regions.receiver)
    assert not [name for name in written if name.startswith("federated:")]
    assert "up" in written, "the rest is written as ever"
    (once,) = [one["metric"] for one in regions.receiver.query(f"global:{UP}", time=int(time.time()))]
    assert (once["cluster"], once["prometheus_replica"]) == (BETA, "prometheus-prometheus-0")


def test_federation_returns_only_the_requested_aggregates(regions: RunningRegions) -> None:
    """The sidecar looks at the path alone: what the job asks is what keeps raw series at home."""
    assert federate(regions, *rules().federated) <= set(rules().federated)
    assert UP in federate(regions, *rules().federated)
    assert "prometheus_tsdb_head_series" in federate(regions, '{__name__=~".+"}')


def test_federation_without_client_certificate_is_refused(regions: RunningRegions) -> None:
    with pytest.raises((ssl.SSLError, OSError)):
        federate(regions, UP, context=regions.context(certificate=False))


def test_lost_replica_and_lost_region_fire_their_alerts(regions: RunningRegions) -> None:
    """In one test, since what is stopped stays stopped."""

    def pending(alert: str) -> list[dict[str, str]]:
        return series(regions, f'ALERTS{{alertname="{alert}"}}')

    assert pending("FederationStale") == pending("RegionUnreachable") == []
    regions.replicas[0].terminate()
    (stale,) = eventually(lambda: pending("FederationStale"))
    assert (stale["cluster"], stale["prometheus_replica"]) == (BETA, "prometheus-prometheus-0")
    assert stale["alertstate"] == "pending"
    assert len(series(regions, f"global:{UP}")) == 1
    assert pending("RegionUnreachable") == []
    (down,) = [one for one in pending("FederationTargetDown") if f"prometheus-0.{BETA}." in one["instance"]]
    assert down["instance"] == f"prometheus-0.{BETA}.metrics.trial.internal:9443"
    regions.replicas[1].terminate()
    (unreachable,) = eventually(lambda: pending("RegionUnreachable"))
    assert (unreachable["cluster"], unreachable["alertstate"]) == (BETA, "pending")
    eventually(lambda: not series(regions, f"global:{UP}"))
