"""The routers and their ring: which zone each ingestor is in, and a Deployment in the shape of the chart's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from monitoring.blueprint.capacity.node_pools import placed_pods
from monitoring.blueprint.releases import releases
from monitoring.blueprint.releases.receive_router import override_fault
from monitoring.fleet.model import Region
from tests.fleet.changed import at, changed

SERVICE = "thanos-receive-ingestor-headless.monitoring.svc.cluster.local:10901"


def of_objects(region: Region, kind: str) -> Any:
    """The routers' Deployment or ConfigMap of a region."""
    (made,) = (release for release in releases(region, ()) if release.name == "objects")
    objects: Any = made.values["objects"]
    (found,) = (one for one in objects if (one["kind"], one["metadata"]["name"]) == (kind, "thanos-ring-router"))
    return found


def ring(region: Region) -> list[tuple[str, str | None]]:
    """Address and zone of each member."""
    (only,) = json.loads(of_objects(region, "ConfigMap")["data"]["hashrings.json"])
    assert only["hashring"] == "default"
    return [(one["address"], one.get("az")) for one in only["endpoints"]]


def receive(of: str, **fields: int) -> Region:
    return changed(at("thanos.receive", fields), of=of)


def test_six_ingestors_are_two_in_each_zone() -> None:
    zones = ("1", "2", "3", "1", "2", "3")
    assert ring(receive("trial-alpha", replicas=6, ring=6)) == [
        (f"thanos-receive-ingestor-{number}.{SERVICE}", zone) for number, zone in enumerate(zones)
    ]


def test_ingestors_beyond_the_ring_wait() -> None:
    assert [zone for _, zone in ring(receive("trial-alpha", replicas=6))] == ["1", "2", "3"]


def test_without_zones_the_ring_names_none() -> None:
    """One and the same zone for all would not spread copies over hosts; without any, each copy has another ingestor."""
    assert [zone for _, zone in ring(receive("trial-beta", replicas=5, ring=5))] == [None] * 5


def test_each_ingestor_has_its_claim_in_the_zone_that_the_ring_says(zoned: Region) -> None:
    """The ring is one module's, the claims are another's: tests/constructs/test_ingestor_claims.py has the classes."""
    assert [zone for _, zone in ring(zoned)] == list(zoned.zones)


def test_the_routers_are_as_many_as_the_region_says_and_the_charts_are_none() -> None:
    region = receive("trial-alpha", routers=4)
    assert of_objects(region, "Deployment")["spec"]["replicas"] == 4
    (thanos,) = (release for release in releases(region, ()) if release.name == "thanos")
    values: Any = thanos.values
    assert values["receive"]["router"]["replicas"] == 0
    counted = {pods.workload: pods for pods in placed_pods(releases(region, ()))}
    assert counted["objects thanos-ring-router"].replicas == 4
    assert counted["objects thanos-ring-router"].millicores == 500
    assert counted["objects thanos-ring-router"].memory == 2**30


def test_the_services_of_the_chart_find_the_routers(zoned: Region) -> None:
    """Labels of its Service, ServiceMonitor and PodDisruptionBudget; ports by name."""
    made = of_objects(zoned, "Deployment")
    labels = {
        "app.kubernetes.io/name": "thanos",
        "app.kubernetes.io/instance": "thanos",
        "app.kubernetes.io/component": "receive-router",
    }
    assert made["spec"]["template"]["metadata"]["labels"] == labels
    assert made["spec"]["selector"] == {"matchLabels": labels}
    (container,) = made["spec"]["template"]["spec"]["containers"]
    assert container["ports"] == [
        {"name": "grpc", "containerPort": 10901},
        {"name": "http", "containerPort": 10902},
        {"name": "http-rem-write", "containerPort": 19291},
    ]


def test_the_ring_is_mounted_where_its_flag_looks(zoned: Region) -> None:
    pod = of_objects(zoned, "Deployment")["spec"]["template"]["spec"]
    assert pod["volumes"][0] == {"name": "ring", "configMap": {"name": "thanos-ring-router"}}
    (container,) = pod["containers"]
    assert container["volumeMounts"][0] == {
        "name": "ring",
        "mountPath": "/etc/thanos/hashrings.json",
        "subPath": "hashrings.json",
        "readOnly": True,
    }
    assert container["args"][:8] == [
        "receive",
        "--log.level=info",
        "--log.format=json",
        "--grpc-address=0.0.0.0:10901",
        "--http-address=0.0.0.0:10902",
        "--remote-write.address=0.0.0.0:19291",
        "--enable-auto-gomemlimit",
        "--auto-gomemlimit.ratio=0.9",
    ]
    assert container["args"][8:11] == [
        "--receive.hashrings-file=/etc/thanos/hashrings.json",
        "--receive.replication-factor=3",
        '--label=receive_replica="$(NAME)"',
    ]
    assert container["env"] == [{"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]


def test_a_router_is_ready_and_alive_by_its_own_word(zoned: Region) -> None:
    (container,) = of_objects(zoned, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert container["readinessProbe"] == {
        "httpGet": {"path": "/-/ready", "port": "http"},
        "periodSeconds": 5,
        "timeoutSeconds": 1,
        "failureThreshold": 20,
    }
    assert container["livenessProbe"] == {
        "httpGet": {"path": "/-/healthy", "port": "http"},
        "periodSeconds": 30,
        "timeoutSeconds": 1,
        "failureThreshold": 4,
    }


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("receive.router.replicas", True),
        ("receive.router.affinity", True),
        ("receive.router.extraArgs[--receive.limits-config]", False),
        ("receive.router.resources.limits.cpu", False),
        ("receive.router.podDisruptionBudget.maxUnavailable", False),
        ("receive.ingestor.affinity", False),
        ("query.replicas", False),
    ],
)
def test_only_an_override_that_nothing_reads_is_a_fault(place: str, told: bool) -> None:
    assert bool(override_fault(place)) is told
