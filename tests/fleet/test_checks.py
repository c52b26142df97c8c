"""Every bound between fields: what meets it exactly is accepted, what misses it by one is told."""

from __future__ import annotations

from typing import Any

import pytest

from monitoring.fleet import Region
from monitoring.fleet.checks import fleet_faults, region_faults
from monitoring.fleet.yaml_file import dotted
from tests.fleet.changed import at, changed

GAMMA, BETA = "trial-gamma", "trial-beta"
"""Two zones and one address range after the other; no zones."""


def problems_by_path(region: Region) -> dict[str, str]:
    """Message by place."""
    return {dotted(path): message for path, message in region_faults(region)}


def compute(cpu: str, memory: str) -> dict[str, str]:
    return {"cpu": cpu, "memory": memory}


def resources(*, cpu: tuple[str, str] = ("1", "1"), memory: tuple[str, str] = ("1Gi", "1Gi")) -> dict[str, Any]:
    """Requests and limits of each."""
    return {"requests": compute(cpu[0], memory[0]), "limits": compute(cpu[1], memory[1])}


def thanos(raw: str, five_minutes: str, one_hour: str) -> dict[str, Any]:
    return at("thanos.retention", {"raw": raw, "five_minutes": five_minutes, "one_hour": one_hour})


def route(**over: str) -> dict[str, Any]:
    return at("alerting.routes.warning", over)


def machines(scale_sets: int) -> dict[str, Any]:
    """Two replicas, each with two refreshes an hour of 100 pages, one list of sets, the sets; and 5,000 interfaces."""
    return at("azure_vms", {"refresh": "30m", "expected_machines": 5000, "expected_scale_sets": scale_sets})


def balancers(query: str) -> dict[str, Any]:
    return at("network.load_balancers.query", query)


def proxies(*networks: str) -> dict[str, Any]:
    return at("access.trusted_proxies", list(networks))


SNAPSHOT = f"/subscriptions/{36 * '0'}/resourceGroups/rg/providers/Microsoft.Compute/snapshots/night"
PARTS = ("prometheus", "thanos.receive", "thanos.store_gateway", "thanos.compactor")

OPENED = "what is opened to one would open to the other"

MET: dict[str, dict[str, Any]] = {
    "four fifths of the volume": at("prometheus", {"volume_size": "40Gi", "retention_size": "32GB"}),
    "pools that cannot grow": at("node_pools", {"min_count": 2, "max_count": 2}),
    "raw samples of 40 h": thanos("40h", "10d", "10d"),
    "5-minute samples as old as raw": thanos("14d", "14d", "14d"),
    "an outage a second shorter than Receive keeps": at("thanos.outage_window", "259199s"),
    "five ingestors for five copies": at("thanos.receive", {"replicas": 5, "ring": 5, "replication_factor": 5}),
    "as many in each zone": at("thanos.receive", {"replicas": 4, "ring": 4}),
    "ingestors that wait for the ring": at("thanos.receive", {"replicas": 4}),
    "the fifth address of the subnet": balancers("10.3.8.4"),
    "the last but one address of the subnet": balancers("10.3.8.14"),
    "12,000 calls to Azure": machines(399),
    "a switch every five seconds": at("alerting.dead_mans_switch.interval", "5s"),
    "told again at every look": route(group_interval="2h", repeat_interval="2h"),
    "told again when Alertmanager forgets": route(repeat_interval="48h"),
    **{
        f"pods and proxies in all of {pods}": at("network.pod_network", pods) | proxies(pods)
        for pods in ("10.240.0.0/12", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/12", "100.112.0.0/12")
    },
    "pods among the nodes": at("network.pod_network", "10.3.0.0/22") | proxies("10.3.0.0/22"),
    "a subnet of eight addresses": at("network.private_endpoint_subnet", "10.3.9.0/29"),
    "host names with Cilium": at("cluster", {"network_policy_engine": "cilium", "host_name_policies": True}),
    "no host names with another": at("cluster", {"network_policy_engine": "azure", "host_name_policies": False}),
    "a subnet of machines beside the nodes": at("network.virtual_machine_subnets", ["10.3.4.0/24"]),
    "a subnet of balancers beside the nodes": at(
        "network",
        {
            "node_subnet": "10.3.8.16/28",
            "private_endpoint_subnet": "10.3.8.32/28",
            "virtual_machine_subnets": ["10.3.8.48/28"],
        },
    ),
    "the last replica's disk of a snapshot": at("prometheus.restore_from", {"1": SNAPSHOT}),
    "whole units": {
        "prometheus": {"volume_size": "32768Mi"},
        "node_pools": {"os_disk_size": "65536Mi", "drain_timeout": "1200s", "node_soak": "120s"},
        "object_store": {"soft_delete": "336h"},
        "disk_snapshots": {"retention": "48h"},
    },
    **{f"{part}: limits as requests": at(f"{part}.resources", resources()) for part in PARTS},
}


@pytest.mark.parametrize("case", MET)
def test_values_at_the_bound_are_accepted(case: str) -> None:
    assert problems_by_path(changed(MET[case])) == {}


def test_three_nodes_stand_in_for_three_zones() -> None:
    assert problems_by_path(changed(at("node_pools.min_count", 3), of=BETA)) == {}


AZURES = "must not be one of the first four or the last of 10.3.8.0/28, which are Azure's, got"
WHOLE_DAYS = "must be whole days, got 25h"
PROXY = "must be the Gateway's own private network, /12 or narrower, got"

MISSED: list[tuple[dict[str, Any], str, str]] = [
    (
        at("prometheus", {"volume_size": "40Gi", "retention_size": "32769MB"}),
        "prometheus.retention_size",
        "must be at most 80 % of volume_size 40Gi, got 32769MB",
    ),
    (
        at("prometheus.restore_from", {"2": SNAPSHOT}),
        "prometheus.restore_from.2",
        "must be the disk of a replica (0 to 1), got 2",
    ),
    (
        at("network.load_balancers.federation", ["10.3.8.5"]),
        "network.load_balancers.federation",
        "must hold one address per Prometheus replica (2), got 1",
    ),
    (
        at("network.load_balancers.federation", ["10.3.8.5", "10.3.8.6", "10.3.8.7"]),
        "network.load_balancers.federation",
        "must hold one address per Prometheus replica (2), got 3",
    ),
    (
        at("node_pools", {"min_count": 2, "max_count": 1}),
        "node_pools.max_count",
        "must be at least min_count 2, got 1",
    ),
    (
        thanos("143999s", "10d", "10d"),
        "thanos.retention.raw",
        "must be at least 40h, the age of downsampling to 5 minutes, got 143999s",
    ),
    (
        thanos("40h", "239h", "10d"),
        "thanos.retention.five_minutes",
        "must be at least 10d (raw, and the age of downsampling to 1 hour), got 239h",
    ),
    (
        thanos("14d", "13d", "14d"),
        "thanos.retention.five_minutes",
        "must be at least 14d (raw, and the age of downsampling to 1 hour), got 13d",
    ),
    (thanos("14d", "15d", "14d"), "thanos.retention.one_hour", "must be at least five_minutes 15d, got 14d"),
    (at("thanos.outage_window", "3d"), "thanos.outage_window", "must be less than receive.retention 3d, got 3d"),
    (
        at("thanos.receive", {"replicas": 5, "ring": 4, "replication_factor": 5}),
        "thanos.receive.ring",
        "must be at least replication_factor 5, got 4",
    ),
    (at("thanos.receive", {"ring": 4}), "thanos.receive.ring", "must be at most replicas 3, got 4"),
    (
        at("thanos.receive", {"replicas": 5}),
        "thanos.receive.replicas",
        "must be a multiple of the number of zones (2) where it is more than replication_factor 3, got 5",
    ),
    (
        at("thanos.receive", {"replicas": 6, "ring": 5}),
        "thanos.receive.ring",
        "must be a multiple of the number of zones (2) where it is more than replication_factor 3, got 5",
    ),
    (balancers("10.3.8.0"), "network.load_balancers.query", f"{AZURES} 10.3.8.0"),
    (balancers("10.3.8.3"), "network.load_balancers.query", f"{AZURES} 10.3.8.3"),
    (balancers("10.3.8.15"), "network.load_balancers.query", f"{AZURES} 10.3.8.15"),
    (
        balancers("10.3.8.16"),
        "network.load_balancers.query",
        "must be in load_balancers.subnet 10.3.8.0/28, got 10.3.8.16",
    ),
    (
        at("network.load_balancers.federation", ["10.3.8.5", "10.3.7.255"]),
        "network.load_balancers.federation[1]",
        "must be in load_balancers.subnet 10.3.8.0/28, got 10.3.7.255",
    ),
    (
        at("network", {"node_subnet": "10.3.8.0/29"}),
        "network.load_balancers.subnet",
        f"must not overlap node_subnet 10.3.8.0/29: {OPENED}, got 10.3.8.0/28",
    ),
    (
        at("network.virtual_machine_subnets", ["10.3.12.0/24", "10.3.3.0/24"]),
        "network.virtual_machine_subnets[1]",
        f"must not overlap node_subnet 10.3.0.0/22: {OPENED}, got 10.3.3.0/24",
    ),
    (
        at("network.private_endpoint_subnet", "10.3.0.0/28"),
        "network.private_endpoint_subnet",
        f"must not overlap node_subnet 10.3.0.0/22: {OPENED}, got 10.3.0.0/28",
    ),
    (
        at("cluster.network_policy_engine", "calico"),
        "cluster.host_name_policies",
        "must be false with the engine calico: only cilium has them, got true",
    ),
    (
        machines(400),
        "azure_vms.refresh",
        "must keep the calls to Azure at most 12000 an hour, got 12004 (docs/discovery.md)",
    ),
    (
        at("alerting.dead_mans_switch.interval", "4s"),
        "alerting.dead_mans_switch.interval",
        "must be from 5s to 1h (calls that are repeated in whole seconds), got 4s",
    ),
    (
        route(group_interval="2h", repeat_interval="7199s"),
        "alerting.routes.warning.repeat_interval",
        "must be at least group_interval 2h, since groups are looked at no more often, got 7199s",
    ),
    (
        route(repeat_interval="49h"),
        "alerting.routes.warning.repeat_interval",
        "must be at most alertmanager.retention 2d, after which it is forgotten that anybody was told, got 49h",
    ),
    (
        route(receiver="dusk"),
        "alerting.routes.warning.receiver",
        "must be a receiver of alerting.receivers (chat, desk, night, unused), got dusk, did you mean desk?",
    ),
    (
        route(receiver="zzz"),
        "alerting.routes.warning.receiver",
        "must be a receiver of alerting.receivers (chat, desk, night, unused), got zzz",
    ),
    *(
        (
            at(f"alerting.receivers.{name}", {"kind": "slack", "secret": "alertmanager-x", "host": "a.example"}),
            f"alerting.receivers.{name}",
            "must have another name: nobody, dead-mans-switch exist anyway",
        )
        for name in ("nobody", "dead-mans-switch")
    ),
    (
        at("alerting.receivers.chat.secret", "alertmanager-trial-dead-mans-switch"),
        "alerting.receivers.chat.secret",
        "must not be the secret of the dead-man's switch, got alertmanager-trial-dead-mans-switch",
    ),
    (
        proxies("10.63.0.0/24", "10.62.0.0/16"),
        "access.trusted_proxies[1]",
        "must be in network.pod_network 10.63.0.0/16, where the Gateway's pods are, got 10.62.0.0/16",
    ),
    (
        at("network.private_endpoint_subnet", "10.3.9.0/30"),
        "network.private_endpoint_subnet",
        "must be /29 or wider, as Azure's subnets are, got 10.3.9.0/30",
    ),
    *(
        (proxies("10.63.0.0/24", one), "access.trusted_proxies[1]", f"{PROXY} {one}")
        for one in (
            "10.0.0.0/11",
            "9.240.0.0/12",
            "11.0.0.0/12",
            "172.0.0.0/12",
            "172.32.0.0/12",
            "192.167.0.0/16",
            "192.169.0.0/16",
            "100.48.0.0/12",
            "100.128.0.0/12",
        )
    ),
    *(
        (
            at(f"{part}.resources", resources(cpu=("1", "999m"))),
            f"{part}.resources.limits.cpu",
            "must be at least requests.cpu 1, got 999m",
        )
        for part in PARTS
    ),
    *(
        (
            at(f"{part}.resources", resources(memory=("1Gi", "1023Mi"))),
            f"{part}.resources.limits.memory",
            "must be at least requests.memory 1Gi, got 1023Mi",
        )
        for part in PARTS
    ),
    (at("prometheus.volume_size", "32769Mi"), "prometheus.volume_size", "must be whole Gi, got 32769Mi"),
    (at("node_pools.os_disk_size", "65537Mi"), "node_pools.os_disk_size", "must be whole Gi, got 65537Mi"),
    (at("node_pools.drain_timeout", "61s"), "node_pools.drain_timeout", "must be whole minutes, got 61s"),
    (at("node_pools.node_soak", "59s"), "node_pools.node_soak", "must be whole minutes, got 59s"),
    (at("object_store.soft_delete", "25h"), "object_store.soft_delete", WHOLE_DAYS),
    (at("disk_snapshots", {"retention": "25h"}), "disk_snapshots.retention", WHOLE_DAYS),
    (
        at("object_store.account", "sttrialstate"),
        "object_store.account",
        "must not be the account of the state, got sttrialstate",
    ),
    (at("tags.environment", "other"), "tags.environment", "must be environment trial, got other"),
    (at("zones", ["1", "1"]), "zones", "must name each zone once, got ['1', '1']"),
    (
        at("location", "ukwest"),
        "zones",
        "must be [] in ukwest, which has no availability zones, got ['1', '2']",
    ),
    (
        at("location", "japaneastt"),
        "location",
        "must be an Azure region of monitoring/fleet/azure_regions.py, got japaneastt, did you mean japaneast?",
    ),
    (
        at("fleet.location", "zzz"),
        "fleet.location",
        "must be an Azure region of monitoring/fleet/azure_regions.py, got zzz",
    ),
]


@pytest.mark.parametrize(("over", "place", "message"), MISSED, ids=[f"{row[1]}-{row[2][-12:]}" for row in MISSED])
def test_value_beyond_a_bound_is_the_only_reported_problem(over: dict[str, Any], place: str, message: str) -> None:
    assert problems_by_path(changed(over)) == {place: message}


@pytest.mark.parametrize(
    ("over", "place", "message"),
    [
        (
            at("node_pools.min_count", 2),
            "node_pools.min_count",
            "must be at least 3 in a region without zones, got 2",
        ),
        *(
            (
                at("object_store.replication", kind),
                "object_store.replication",
                f"must be LRS, GRS or RAGRS in a region without zones, got {kind}",
            )
            for kind in ("ZRS", "GZRS", "RAGZRS")
        ),
        *(
            (
                at("prometheus.disk_type", kind),
                "prometheus.disk_type",
                f"must not be zone-redundant in a region without zones, got {kind}",
            )
            for kind in ("Premium_ZRS", "StandardSSD_ZRS")
        ),
    ],
)
def test_zonal_settings_without_zones_are_reported(over: dict[str, Any], place: str, message: str) -> None:
    assert problems_by_path(changed(over, of=BETA)) == {place: message}


def test_same_zone_in_different_lists_is_accepted() -> None:
    assert problems_by_path(changed(at("zones", ["1", "2", "3"]))) == {}


def between(over: dict[str, Any]) -> list[tuple[str, str, str]]:
    """What is told of gamma, changed, beside beta."""
    found = fleet_faults([changed({}, of=BETA), changed(over)])
    return [(region.name, dotted(path), message) for region, path, message in found]


def test_two_correct_regions_go_together() -> None:
    assert between({}) == []


@pytest.mark.parametrize(
    ("key", "over"),
    [
        ("tenant_id", at("tenant_id", "99999999-2222-4222-8222-222222222222")),
        ("state", at("state.container", "another")),
        ("fleet", at("fleet.private_dns_zone", "another.trial.internal")),
        ("runbooks", at("runbooks", "https://another.trial.example")),
        ("trust", at("trust", [])),
    ],
)
def test_fleet_wide_values_must_be_equal_in_all_regions(key: str, over: dict[str, Any]) -> None:
    assert between(over) == [(GAMMA, key, "must be the same in every region, got another than trial-beta")]


BETAS_NETWORK = (
    "/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/rg-trial-network/providers/Microsoft.Network/"
    "virtualNetworks/vnet-beta"
)


@pytest.mark.parametrize(
    ("over", "place", "shown"),
    [
        (at("object_store.account", "sttrialbeta"), "object_store.account", "sttrialbeta"),
        (at("access.host", "metrics-beta.trial.example"), "access.host", "metrics-beta.trial.example"),
        (at("resource_group", "RG-trial-beta"), "resource_group", "rg-trial-beta"),
        (at("cluster.name", "AKS-trial-beta"), "cluster.name", "aks-trial-beta"),
        (
            at("network.virtual_network_id", BETAS_NETWORK),
            "network.virtual_network_id",
            BETAS_NETWORK.lower(),
        ),
        (balancers("10.2.8.4"), "network.load_balancers.query", "10.2.8.4"),
        (
            at("network.load_balancers.federation", ["10.3.8.5", "10.2.8.6"]),
            "network.load_balancers.federation[1]",
            "10.2.8.6",
        ),
    ],
)
def test_duplicate_regional_value_is_reported_in_the_later_region(over: dict[str, Any], place: str, shown: str) -> None:
    assert between(over) == [(GAMMA, place, f"must be unique in the fleet, got {shown} of trial-beta")]


@pytest.mark.parametrize(
    "over",
    [
        {"subscription_id": "99999999-1111-4111-8111-111111111111", "resource_group": "rg-trial-beta"},
        {"cluster": {"name": "aks-trial-beta", "resource_group": "rg-another"}},
        {"subscription_id": "99999999-1111-4111-8111-111111111111", "cluster": {"name": "aks-trial-beta"}},
    ],
)
def test_the_same_name_elsewhere_is_another(over: dict[str, Any]) -> None:
    assert between(over) == []


def test_duplicate_address_is_reported_at_both_places() -> None:
    message = "must be unique in the fleet, got 10.3.8.5 twice"
    over = at("network.load_balancers", {"query": "10.3.8.5"})
    assert between(over) == [
        (GAMMA, "network.load_balancers.query", message),
        (GAMMA, "network.load_balancers.federation[0]", message),
    ]


def test_node_subnets_of_regions_must_not_overlap() -> None:
    message = "must not overlap node_subnet 10.2.0.0/22 of trial-beta, got 10.2.3.0/24"
    assert between(at("network.node_subnet", "10.2.3.0/24")) == [(GAMMA, "network.node_subnet", message)]
    assert between(at("network.node_subnet", "10.2.4.0/24")) == []
