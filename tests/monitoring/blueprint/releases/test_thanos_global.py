"""The release thanos-global: where it is, whom it asks, and for how long; tests/stack/test_global_view.py runs it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitoring.blueprint.access.oauth2_proxy import UPSTREAM_TIMEOUT
from monitoring.blueprint.capacity.node_pools import placed_pods
from monitoring.blueprint.components.names import query_host
from monitoring.blueprint.components.workloads import (
    GLOBAL_QUERY,
    GLOBAL_QUERY_FRONTEND,
    POOL_LABELS,
    PRIORITY_CLASS,
    PROMETHEUS,
    QUERY,
    RECEIVE_INGESTOR,
    STORE_GATEWAY,
    THANOS_GLOBAL,
)
from monitoring.blueprint.dashboards import data_sources
from monitoring.blueprint.network.flow import Cidr
from monitoring.blueprint.network.flows import flows
from monitoring.blueprint.objects import objects
from monitoring.blueprint.objects.certificates import dns_names
from monitoring.blueprint.objects.network_policies import network_policies
from monitoring.blueprint.releases import releases
from monitoring.blueprint.releases.release import to_yaml
from monitoring.blueprint.releases.thanos_global import ANSWER_WITHIN, REGION_TIMEOUT
from monitoring.blueprint.values import flags
from monitoring.blueprint.values.charts import ROOT
from monitoring.fleet import Fleet, Region, load_fleet
from monitoring.fleet.quantities import Duration

FLAGS: dict[str, list[str]] = json.loads((ROOT / "tests" / "golden" / "flags.json").read_text())


def _values(region: Region, fleet: Fleet) -> Any:
    return {one.name: one.values for one in releases(region, fleet.peers_of(region))}[THANOS_GLOBAL]


def _endpoints(region: Region, fleet: Fleet) -> list[dict[str, Any]]:
    """As Thanos reads them from the flag."""
    (flag,) = (one for one in _values(region, fleet)["query"]["extraArgs"] if one.startswith("--endpoint.sd-config="))
    found: list[dict[str, Any]] = yaml.safe_load(flag.partition("=")[2])["endpoints"]
    return found


@pytest.fixture
def two_views(tmp_path: Path) -> Fleet:
    """The fleet after one more line in a file: a second region holds the global view."""
    folder = tmp_path / "regions"
    shutil.copytree(ROOT / "tests" / "fleet" / "regions", folder)
    with (folder / "trial-beta.yaml").open("a") as file:
        file.write("global_view: true\n")
    return load_fleet(folder)


def test_global_query_exists_in_regions_with_global_view(fleet: Fleet) -> None:
    there = {
        region.name
        for region in fleet.regions
        if THANOS_GLOBAL in {one.name for one in releases(region, fleet.peers_of(region))}
    }
    assert there == {"trial-alpha"}


def test_regions_without_global_view_have_no_global_query_objects(fleet: Fleet) -> None:
    """No certificate, no policy, no way through oauth2-proxy, no data source, no alert."""
    region = fleet.region("trial-beta")
    peers = fleet.peers_of(region)
    assert GLOBAL_QUERY.name not in json.dumps(objects(region, peers))
    assert GLOBAL_QUERY.name not in {policy["metadata"]["name"] for policy in network_policies(region, peers)}
    values = "".join(to_yaml(one.values) for one in releases(region, peers))
    assert not [name for name in (GLOBAL_QUERY_FRONTEND.host, "GlobalQueryDown") if name in values]


def test_global_query_endpoints_match_the_query_certificates_dns_names(fleet: Fleet) -> None:
    region = fleet.region("trial-alpha")
    found = {one["address"]: one["client_config"]["server_name"] for one in _endpoints(region, fleet)}
    assert found == {
        "thanos-query.monitoring.svc:10901": "thanos-query.monitoring.svc",
        "query.trial-beta.metrics.trial.internal:10901": "query.trial-beta.metrics.trial.internal",
        "query.trial-gamma.metrics.trial.internal:10901": "query.trial-gamma.metrics.trial.internal",
    }
    for other in fleet.regions:
        assert set(found.values()) & set(dns_names(QUERY, other))


def test_global_query_endpoints_use_no_dns_discovery_prefix(fleet: Fleet) -> None:
    """It would leave `client_config` out, and speak without TLS."""
    for endpoint in _endpoints(fleet.region("trial-alpha"), fleet):
        assert "+" not in endpoint["address"]
        assert endpoint["client_config"]["tls_config"] == {
            "ca_file": "/etc/oversight/trust/roots.pem",
            "cert_file": "/etc/oversight/tls/tls.crt",
            "key_file": "/etc/oversight/tls/tls.key",
        }


def test_each_endpoint_is_strict_with_the_same_timeout(fleet: Fleet) -> None:
    for endpoint in _endpoints(fleet.region("trial-alpha"), fleet):
        assert (endpoint["strict"], endpoint["group"]) == (True, True)
        (method,) = json.loads(endpoint["service_config"])["methodConfig"]
        assert method == {"name": [{}], "timeout": f"{REGION_TIMEOUT}s"}


def test_endpoint_timeouts_fit_into_the_query_timeout() -> None:
    assert 2 * REGION_TIMEOUT < ANSWER_WITHIN


def test_oauth2_proxy_waits_longer_than_any_query_lasts(fleet: Fleet) -> None:
    region = fleet.region("trial-alpha")
    (flag,) = (one for one in _values(region, fleet)["query"]["extraArgs"] if one.startswith("--query.timeout="))
    timeout = Duration.parse(flag.partition("=")[2])
    assert ANSWER_WITHIN < timeout.seconds < Duration.parse(UPSTREAM_TIMEOUT).seconds


def test_global_queries_do_not_query_each_other(two_views: Fleet) -> None:
    """Each asks the Query of every region, which asks its own region alone."""
    for name in ("trial-alpha", "trial-beta"):
        region = two_views.region(name)
        asked = [one["address"] for one in _endpoints(region, two_views)]
        others = [query_host(peer.name, region.fleet.private_dns_zone) for peer in two_views.peers_of(region)]
        assert asked == [QUERY.address("grpc"), *(f"{host}:10901" for host in others)]
        assert not [address for address in asked if GLOBAL_QUERY.name in address]
        rows = flows(region, two_views.peers_of(region))
        assert {row.source.name for row in rows if row.target == GLOBAL_QUERY} == {
            GLOBAL_QUERY_FRONTEND.name,
            PROMETHEUS.name,
        }


def test_regional_query_has_only_regional_endpoints(fleet: Fleet) -> None:
    for region in fleet.regions:
        rows = flows(region, fleet.peers_of(region))
        asked = {row.target for row in rows if row.source == QUERY and row.why != "names"}
        assert asked == {RECEIVE_INGESTOR, STORE_GATEWAY}


def test_second_global_view_adds_network_policies_at_both_ends(two_views: Fleet) -> None:
    def opened(name: str) -> set[str]:
        region = two_views.region(name)
        return {str(row) for row in flows(region, two_views.peers_of(region)) if row.port == "grpc"}

    assert {"thanos-global-query -> Query of trial-alpha:grpc", "nodes of trial-alpha -> thanos-query:grpc"} <= opened(
        "trial-beta"
    )
    assert {"nodes of trial-alpha -> thanos-query:grpc", "nodes of trial-beta -> thanos-query:grpc"} <= opened(
        "trial-gamma"
    )


def test_global_query_egress_is_one_address_per_other_region(fleet: Fleet) -> None:
    region = fleet.region("trial-alpha")
    rows = flows(region, fleet.peers_of(region))
    reached = {row.target for row in rows if row.source == GLOBAL_QUERY and isinstance(row.target, Cidr)}
    assert {(one.name, *map(str, one.networks)) for one in reached} == {
        ("Query of trial-beta", "10.2.8.4/32"),
        ("Query of trial-gamma", "10.3.8.4/32"),
    }


def test_new_region_adds_one_global_query_endpoint(fleet: Fleet) -> None:
    region = fleet.region("trial-alpha")
    fewer = Fleet(files=tuple(file for file in fleet.files if file.region.name != "trial-gamma"))
    before, after = _endpoints(region, fewer), _endpoints(region, fleet)
    (added,) = [one for one in after if one not in before]
    assert [one for one in after if one != added] == before
    assert added["address"] == "query.trial-gamma.metrics.trial.internal:10901"


def test_global_query_has_no_blob_access_and_no_volume(fleet: Fleet) -> None:
    values = _values(fleet.region("trial-alpha"), fleet)
    assert not [part for part in ("receive", "storeGateway", "compact") if values[part]["enabled"]]
    assert (values["objstoreConfig"], values["query"]["enableDnsDiscovery"]) == ({"create": False}, False)


@pytest.mark.parametrize("part", ["query", "queryFrontend"])
def test_both_parts_run_twice_on_the_monitoring_nodes_and_lose_one_at_a_time(fleet: Fleet, part: str) -> None:
    values = _values(fleet.region("trial-alpha"), fleet)[part]
    assert (values["replicas"], values["podDisruptionBudget"]["maxUnavailable"]) == (2, 1)
    assert (values["nodeSelector"], values["priorityClassName"]) == (POOL_LABELS, PRIORITY_CLASS)
    assert values["topologySpreadConstraints"][0]["topologyKey"] == "topology.kubernetes.io/zone"
    assert values["resources"]["limits"].keys() == {"cpu", "memory"}


def test_the_nodes_have_room_for_a_second_view(two_views: Fleet) -> None:
    """Or synthesis says so: what it asks for is read from its values."""
    region = two_views.region("trial-beta")
    placed = {pods.workload for pods in placed_pods(releases(region, two_views.peers_of(region)))}
    assert {"thanos-global query", "thanos-global queryFrontend"} <= placed


@pytest.mark.parametrize(("part", "workload"), [("query", "thanos-query"), ("queryFrontend", "thanos-query-frontend")])
def test_no_flag_repeats_one_of_the_chart(fleet: Fleet, part: str, workload: str) -> None:
    ours = flags.names(_values(fleet.region("trial-alpha"), fleet)[part]["extraArgs"])
    recorded = FLAGS[f"Deployment/{workload.replace('thanos', THANOS_GLOBAL)}/{workload}"]
    assert recorded[-len(ours) :] == ours, "monitoring render prod-eastus --record"
    assert flags.repeated(recorded) == []


def test_fleet_dashboard_uses_global_query_or_the_regions_query() -> None:
    """Grafana takes the first of the choices where the page's own is none of them."""
    page = json.loads((ROOT / "helm-values" / "dashboards" / "fleet.json").read_text())
    (choice,) = [one for one in page["templating"]["list"] if one["type"] == "datasource"]
    assert (choice["current"]["value"], choice["regex"]) == (data_sources.THANOS_GLOBAL.uid, "/^Thanos/")
    names = sorted(source.name for source in (data_sources.THANOS, data_sources.PROMETHEUS))
    assert [name for name in names if re.match(choice["regex"].strip("/"), name)] == ["Thanos"]
