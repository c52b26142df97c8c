"""Who fetches what of whom, and what lets them in."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from monitoring.blueprint.capacity.node_pools import placed_pods
from monitoring.blueprint.components.workloads import PROMETHEUS
from monitoring.blueprint.network.flows import flows
from monitoring.blueprint.network.load_balancers import load_balancers
from monitoring.blueprint.objects import objects
from monitoring.blueprint.objects.certificates import certificates, dns_names, identity
from monitoring.blueprint.objects.federation import CONFIG_KEY, CONFIG_MAP, clients
from monitoring.blueprint.objects.network_policies import network_policies
from monitoring.blueprint.releases import releases
from monitoring.blueprint.rules.loader import rules
from monitoring.blueprint.scraping.federation import JOB, scrape_jobs
from monitoring.fleet import Fleet, Region

ALPHA, BETA, GAMMA = "trial-alpha", "trial-beta", "trial-gamma"


def spec(region: Region, fleet: Fleet) -> Any:
    """What the Prometheus resource of a region says."""
    values: Any = {release.name: release.values for release in releases(region, fleet.peers_of(region))}
    return values["kube-prometheus-stack"]["prometheus"]["prometheusSpec"]


def jobs(region: Region, fleet: Fleet) -> list[Any]:
    """The region's job `federate`, where it has one."""
    return [job for job in spec(region, fleet)["additionalScrapeConfigs"] if job["job_name"] == JOB]


def job(fleet: Fleet) -> Any:
    (found,) = jobs(fleet.region(ALPHA), fleet)
    return found


def promoted(fleet: Fleet, name: str) -> Fleet:
    """The fleet with the global view in one region more."""
    files = tuple(
        type(file)(region=file.region.model_copy(update={"global_view": True}), own=file.own, common=file.common)
        if file.region.name == name
        else file
        for file in fleet.files
    )
    return Fleet(files=files)


def allowed(region: Region, fleet: Fleet) -> list[Any]:
    """Whom the sidecar of a region lets in."""
    (config,) = [one for one in objects(region, fleet.peers_of(region)) if one["metadata"]["name"] == CONFIG_MAP]
    found: list[Any] = yaml.safe_load(config["data"][CONFIG_KEY])["authorization"]["static"]
    return found


def test_global_view_federates_every_replica_of_other_regions(fleet: Fleet) -> None:
    (group,) = job(fleet)["static_configs"]
    assert group["targets"] == [
        f"prometheus-{replica}.{region}.metrics.trial.internal:9443" for region in (BETA, GAMMA) for replica in (0, 1)
    ]


def test_every_target_has_its_name_its_address_and_its_certificate(fleet: Fleet) -> None:
    (group,) = job(fleet)["static_configs"]
    for region in (fleet.region(BETA), fleet.region(GAMMA)):
        named = {one.host: one for one in load_balancers(region)}
        for target in [one for one in group["targets"] if f".{region.name}." in one]:
            host, _, port = target.partition(":")
            assert named[host].port.number == int(port)
            assert host in dns_names(PROMETHEUS, region)


@pytest.mark.parametrize("name", [BETA, GAMMA])
def test_a_region_without_the_global_view_fetches_nothing(name: str, fleet: Fleet) -> None:
    assert jobs(fleet.region(name), fleet) == []
    assert "writeRelabelConfigs" not in spec(fleet.region(name), fleet)["remoteWrite"][0]


def test_a_fleet_of_one_region_fetches_nothing(zoned: Region) -> None:
    assert scrape_jobs(zoned, (), trust="a", tls="b") == []


def test_no_more_than_the_aggregates_of_the_rules_is_asked_for_each_by_its_whole_name(fleet: Fleet) -> None:
    asked = job(fleet)["params"]["match[]"]
    assert sorted(asked) == sorted(rules().federated)
    assert [name for name in asked if not re.fullmatch(r"[a-z0-9_:]+", name)] == []


def test_federated_series_keep_labels_under_a_new_metric_name(fleet: Fleet) -> None:
    found = job(fleet)
    assert found["honor_labels"] is True
    (renamed,) = found["metric_relabel_configs"]
    assert renamed == {"source_labels": ["__name__"], "target_label": "__name__", "replacement": "federated:$1"}


def test_federation_job_has_limits_and_the_rule_interval(fleet: Fleet) -> None:
    found = job(fleet)
    assert (found["scrape_interval"], found["sample_limit"], found["body_size_limit"]) == ("30s", 10000, "10MB")


def test_federation_uses_mutual_tls(fleet: Fleet) -> None:
    found, own = job(fleet), spec(fleet.region(ALPHA), fleet)
    assert (found["scheme"], found["metrics_path"]) == ("https", "/federate")
    mounts = {mount["name"]: mount["mountPath"] for mount in own["volumeMounts"]}
    assert found["tls_config"] == {
        "ca_file": f"{mounts['trust']}/roots.pem",
        "cert_file": f"{mounts['tls']}/tls.crt",
        "key_file": f"{mounts['tls']}/tls.key",
    }


def test_federated_series_are_dropped_from_remote_write_but_global_rules_are_not(fleet: Fleet) -> None:
    (queue,) = spec(fleet.region(ALPHA), fleet)["remoteWrite"]
    (kept,) = queue["writeRelabelConfigs"]
    assert (kept["action"], kept["sourceLabels"]) == ("drop", ["__name__"])
    dropped = re.compile(kept["regex"])
    assert all(dropped.fullmatch(f"federated:{name}") for name in rules().federated)
    assert not [name for name in rules().recorded if dropped.fullmatch(name)]


def test_the_sidecar_opens_one_path_to_clients_with_a_certificate(fleet: Fleet) -> None:
    for region in fleet.regions:
        (sidecar,) = spec(region, fleet)["containers"]
        assert sidecar["image"] == "quay.io/brancz/kube-rbac-proxy:v0.21.0"
        assert sidecar["args"] == [
            "--secure-listen-address=0.0.0.0:9443",
            "--upstream=https://localhost:9090",
            "--upstream-ca-file=/etc/oversight/trust/roots.pem",
            "--client-ca-file=/etc/oversight/trust/roots.pem",
            "--tls-cert-file=/etc/oversight/tls/tls.crt",
            "--tls-private-key-file=/etc/oversight/tls/tls.key",
            "--tls-min-version=VersionTLS13",
            "--allow-paths=/federate",
            "--config-file=/etc/oversight/federation/config.yaml",
        ]


def test_sidecar_mounts_every_file_in_its_arguments(fleet: Fleet) -> None:
    own = spec(fleet.region(BETA), fleet)
    (sidecar,) = own["containers"]
    mounted = {mount["mountPath"]: mount["name"] for mount in sidecar["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in own["volumes"]}
    files = [arg.partition("=")[2] for arg in sidecar["args"] if "-file=" in arg]
    assert {volumes[mounted[file.rpartition("/")[0]]]["name"] for file in files} == {"tls", "trust", "federation"}
    assert volumes["tls"]["secret"]["secretName"] == "prometheus-tls"
    assert volumes["federation"]["configMap"]["name"] == CONFIG_MAP


def test_sidecar_has_no_probes(fleet: Fleet) -> None:
    (sidecar,) = spec(fleet.region(BETA), fleet)["containers"]
    assert not [key for key in sidecar if key.endswith("Probe")]


def test_sidecar_is_restricted_and_counted_in_capacity(fleet: Fleet) -> None:
    region = fleet.region(BETA)
    (sidecar,) = spec(region, fleet)["containers"]
    assert sidecar["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert sidecar["securityContext"]["allowPrivilegeEscalation"] is False
    made = releases(region, fleet.peers_of(region))
    (pods,) = [pods for pods in placed_pods(made) if pods.workload.endswith("prometheusSpec")]
    assert pods.millicores == region.prometheus.resources.requests.cpu.millicores + 10
    assert pods.memory == region.prometheus.resources.requests.memory.bytes + 32 * 2**20


def test_sidecar_authorizes_the_global_prometheus_for_one_path(fleet: Fleet) -> None:
    (rule,) = allowed(fleet.region(BETA), fleet)
    (certificate,) = [
        one for one in certificates(fleet.region(ALPHA), ()) if one["metadata"]["name"] == PROMETHEUS.certificate_secret
    ]
    assert rule == {
        "user": {"name": certificate["spec"]["commonName"]},
        "verb": "get",
        "path": "/federate",
        "resourceRequest": False,
    }


def test_each_of_several_global_regions_is_let_in_and_fetches(fleet: Fleet) -> None:
    both = promoted(fleet, GAMMA)
    names = [rule["user"]["name"] for rule in allowed(both.region(BETA), both)]
    assert names == [identity(PROMETHEUS, ALPHA), identity(PROMETHEUS, GAMMA)]
    (group,) = jobs(both.region(GAMMA), both)[0]["static_configs"]
    assert not [target for target in group["targets"] if GAMMA in target]
    assert len(group["targets"]) == 4


def test_sidecar_authorizes_nobody_without_another_global_view(fleet: Fleet) -> None:
    assert clients(fleet.peers_of(fleet.region(ALPHA))) == ()
    assert allowed(fleet.region(ALPHA), fleet) == []


def test_sidecar_restarts_when_authorized_clients_change(fleet: Fleet) -> None:
    """kube-rbac-proxy reads its configuration once."""
    before, after = (
        spec(one.region(BETA), one)["podMetadata"]["annotations"] for one in (fleet, promoted(fleet, GAMMA))
    )
    assert before["oversight.com/federation"] != after["oversight.com/federation"]
    assert before["oversight.com/trust"] == after["oversight.com/trust"]


def test_federation_network_policy_allows_only_global_region_nodes(fleet: Fleet) -> None:
    beta, alpha = fleet.region(BETA), fleet.region(ALPHA)

    def blocks(region: Region, direction: str) -> set[str]:
        found = network_policies(region, fleet.peers_of(region))
        (own,) = [one for one in found if one["metadata"]["name"] == PROMETHEUS.name]
        federate = {"port": PROMETHEUS.port("federate").number, "protocol": "TCP"}
        return {
            peer["ipBlock"]["cidr"]
            for rule in own["spec"][direction]
            if federate in rule["ports"]
            for peer in (*rule.get("from", ()), *rule.get("to", ()))
            if "ipBlock" in peer
        }

    assert blocks(beta, "ingress") == {str(alpha.network.node_subnet)}
    assert blocks(alpha, "ingress") == blocks(beta, "egress") == set()
    assert blocks(alpha, "egress") == {"10.2.8.5/32", "10.2.8.6/32", "10.3.8.5/32", "10.3.8.6/32"}
    assert [row for row in flows(beta, fleet.peers_of(beta)) if row.port == "federate"]
