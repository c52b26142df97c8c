"""Every range of a single field: its ends are accepted, the next value beyond is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from monitoring.fleet.yaml_file import dotted
from tests.fleet.changed import at, changed

ROOT = Path(__file__).parents[2]

RANGES: dict[str, tuple[list[Any], list[Any]]] = {
    "node_pools.min_count": ([1, 100], [0, 101]),
    "node_pools.max_count": ([1, 100], [0, 101]),
    "node_pools.max_pods": ([30, 250], [29, 251]),
    "prometheus.replicas": ([2, 6], [1, 7]),
    "load.active_series": ([1000], [999]),
    "load.growth_per_month": ([0.0, 1.0], [-0.01, 1.01]),
    "load.concurrent_queries": ([1, 100], [0, 101]),
    "load.samples_per_query": ([1000], [999]),
    "alertmanager.replicas": ([3, 9], [2, 10]),
    "thanos.receive.replicas": ([3, 30], [2, 31]),
    "thanos.receive.replication_factor": ([3, 5], [2, 4, 6]),
    "thanos.store_gateway.replicas": ([2, 12], [1, 13]),
    "azure_vms.port": ([1, 65535], [0, 65536]),
    "azure_vms.expected_machines": ([0, 5000], [-1, 5001]),
    "azure_vms.expected_scale_sets": ([0, 500], [-1, 501]),
    "network.load_balancers.federation": ([["10.3.8.5"]], [[]]),
    "network.virtual_machine_subnets": ([[]], ["10.3.8.0/28"]),
    "access.trusted_proxies": ([["10.3.4.0/24"]], [[]]),
    "zones": ([[], ["3"]], [["4"], ["0"], [1]]),
    "cluster.network_policy_engine": (["cilium", "calico", "azure"], ["none"]),
    "object_store.replication": (["LRS", "ZRS", "GRS", "RAGRS", "GZRS", "RAGZRS"], ["XRS"]),
    "prometheus.disk_type": (
        ["Premium_LRS", "PremiumV2_LRS", "Premium_ZRS", "StandardSSD_LRS", "StandardSSD_ZRS"],
        ["Standard_LRS", "UltraSSD_LRS"],
    ),
    "prometheus.restore_from": (
        [{}, {"5": f"/subscriptions/{36 * '0'}/resourceGroups/g/providers/Microsoft.Compute/snapshots/s"}],
        [
            {"6": f"/subscriptions/{36 * '0'}/resourceGroups/g/providers/Microsoft.Compute/snapshots/s"},
            {"0": f"/subscriptions/{36 * '0'}/resourceGroups/g/providers/Microsoft.Compute/disks/s"},
            {"0": None},
            None,
        ],
    ),
    "certificates.issuer.kind": (["ClusterIssuer", "Issuer"], ["issuer"]),
    "alerting.receivers.chat.kind": (["pagerduty", "slack", "teams", "webhook"], ["mail"]),
    "alerting.routes.info": ([None], [[]]),
    "databases": ([None, {"postgresql": None, "redis": None}], [[], {}]),
    "series_budgets": (
        [None, {"shop": 100}, {"shop": 10_000}],
        [[], {"shop": 99}, {"shop": "100"}, {"Shop": 100}, {"shop": 1.5}, {"shop": None}],
    ),
    "disk_snapshots": ([None, {"retention": "7d"}], [{}]),
    "network.api_server_subnet": ([None, "10.9.0.0/28"], ["10.9.0.1/28", 10]),
    "global_view": ([True, False], ["true", 1]),
    "tags.owner": (["", "x" * 256], ["x" * 257]),
    "alerting.dead_mans_switch.secret": (
        ["alertmanager-a", "alertmanager-" + 114 * "a"],
        ["alertmanager-" + 115 * "a", "alertmanager", "alertmanager-A", "xalertmanager-a", 5],
    ),
}

POSTGRES = {"host": "a.example", "port": 1, "database": "d", "user": "u", "password_secret": "postgres-exporter-a"}
REDIS = {"host": "a.example", "port": 1, "password_secret": "redis-exporter-a"}


def _name(longest: int, *, shortest: int = 1) -> tuple[list[Any], list[Any]]:
    """Text of one letter, as short and as long as may be, and by one shorter and longer."""
    return [shortest * "a", longest * "a"], [(shortest - 1) * "a", (longest + 1) * "a", 5, None]


def _host(longest: int = 253) -> tuple[list[Any], list[Any]]:
    return ["a.b", "a." + (longest - 2) * "b"], ["a", "a." + (longest - 1) * "b", "A.b", "a_a.b", ".b", "a."]


LENGTHS: dict[str, tuple[list[Any], list[Any]]] = {
    "location": (["a"], [""]),
    "environment": _name(20),
    "resource_group": _name(90),
    "state.resource_group": _name(90),
    "state.storage_account": _name(24, shortest=3),
    "state.container": _name(63, shortest=3),
    "fleet.location": (["a"], [""]),
    "fleet.resource_group": _name(90),
    "fleet.private_dns_zone": _host(),
    "cluster.name": _name(63),
    "cluster.resource_group": _name(90),
    "cluster.control_plane_identity": _name(128, shortest=3),
    "cluster.control_plane_identity_resource_group": _name(90),
    "network.load_balancers.subnet_name": (["aa", 80 * "a"], ["", 81 * "a", "a-"]),
    "key_vault.name": _name(24, shortest=3),
    "key_vault.resource_group": _name(90),
    "object_store.account": _name(24, shortest=3),
    "object_store.container": _name(63, shortest=3),
    "azure_vms.resource_group": _name(90),
    "access.host": _host(),
    "access.email_domain": _host(),
    "access.gateway.name": _name(63),
    "access.gateway.namespace": _name(63),
    "access.gateway.listener": _name(63),
    "access.client_id": (["00000000-0000-0000-0000-00000000000f"], ["00000000-0000-0000-0000-00000000000g", 36 * "0"]),
    "certificates.issuer.name": _name(63),
    "certificates.issuer.group": _host(),
    "node_pools.vm_size": (["Standard_D4ds_v5", "Standard_D4" + 29 * "d"], ["Standard_D4" + 30 * "d", "D4ds_v5"]),
    "runbooks": (
        ["https://a.b", "https://a.b/c", "https://a.b/" + 500 * "c"],
        ["http://a.b", "https://a.b/", "https://a", "https://a.b/" + 501 * "c"],
    ),
    "network.virtual_network_id": (
        [
            f"/subscriptions/{36 * '0'}/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/p",
            f"/subscriptions/{36 * '0'}/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/{399 * 'p'}",
        ],
        [
            f"/subscriptions/{36 * '0'}/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/{400 * 'p'}",
            f"/subscriptions/{35 * '0'}/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/p",
        ],
    ),
    "databases": (
        [{"postgresql": {**POSTGRES, "database": name, "user": name}, "redis": REDIS} for name in ("a", 63 * "a")],
        [
            {"postgresql": {**POSTGRES, key: value}, "redis": None}
            for key in ("database", "user")
            for value in ("", 64 * "a", "1a")
        ]
        + [{"postgresql": {**POSTGRES, "port": port}, "redis": None} for port in (0, 65536)]
        + [{"postgresql": None, "redis": {**REDIS, "port": port}} for port in (0, 65536)]
        + [{"postgresql": None, "redis": {**REDIS, "password_secret": "password"}}],
    ),
}

ACCEPTED = [(path, value) for path, (good, _) in (*RANGES.items(), *LENGTHS.items()) for value in good]
REFUSED = [(path, value) for path, (_, bad) in (*RANGES.items(), *LENGTHS.items()) for value in bad]


@pytest.mark.parametrize(("path", "value"), ACCEPTED, ids=lambda part: str(part)[:40])
def test_the_ends_of_a_range_are_accepted(path: str, value: object) -> None:
    changed(at(path, value))


@pytest.mark.parametrize(("path", "value"), REFUSED, ids=lambda part: str(part)[:40])
def test_value_out_of_range_is_reported_with_its_path(path: str, value: object) -> None:
    with pytest.raises(ValidationError) as caught:
        changed(at(path, value))
    assert {dotted(error["loc"]).startswith(path) for error in caught.value.errors()} == {True}


@pytest.mark.parametrize(
    ("name", "good"),
    [("a-b", True), ("a" * 22 + "-b", True), ("a" * 23 + "-b", False), ("ab", False), ("a-", False), ("1-a", False)],
)
def test_region_name_length_allows_derived_names(name: str, good: bool) -> None:
    if good:
        assert changed({}, name=name).name == name
    else:
        with pytest.raises(ValidationError, match="name"):
            changed({}, name=name)


def test_an_unknown_key_is_refused_wherever_it_is() -> None:
    for path in ("new", "prometheus.new", "thanos.receive.new", "access.gateway.new"):
        with pytest.raises(ValidationError, match="Extra inputs"):
            changed(at(path, 1))


def test_region_model_is_immutable() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        changed({}).location = "elsewhere"  # type: ignore[misc]


def test_peer_has_the_regions_public_fields() -> None:
    peer = changed({"global_view": True}).peer()
    assert (peer.name, peer.location, peer.global_view, peer.host) == (
        "trial-gamma",
        "japaneast",
        True,
        "metrics-gamma.trial.example",
    )
    assert str(peer.query_address) == "10.3.8.4"
    assert [str(address) for address in peer.federation_addresses] == ["10.3.8.5", "10.3.8.6"]
    assert str(peer.node_subnet) == "10.3.0.0/22"


def test_alerting_block_maps_severities_to_receivers() -> None:
    alerting = changed(at("alerting.routes.info", None)).alerting
    assert list(alerting.routes.by_severity()) == ["critical", "warning"]
    assert {severity: route.receiver for severity, route in alerting.routes.by_severity().items()} == {
        "critical": "night",
        "warning": "desk",
    }
    assert list(alerting.used_receivers()) == ["desk", "night"]
    assert alerting.hosts() == ("desk.trial.example", "pages.trial.example", "switch.trial.example")
    assert alerting.secrets() == (
        "alertmanager-trial-dead-mans-switch",
        "alertmanager-trial-desk",
        "alertmanager-trial-night",
    )


@pytest.fixture(scope="module")
def editor() -> jsonschema.Draft202012Validator:
    """The committed schema: `make generate` may write it anew, but not with other ranges."""
    return jsonschema.Draft202012Validator(json.loads((ROOT / "regions" / "schema.json").read_text(encoding="utf-8")))


def test_json_schema_has_the_models_ranges(editor: jsonschema.Draft202012Validator) -> None:
    everything = (*RANGES.items(), *LENGTHS.items())
    unlike = [(path, value) for path, (good, _) in everything for value in good if not editor.is_valid(at(path, value))]
    assert unlike == []
    shown: list[tuple[str, Any]] = [
        (path, value) for path, value in REFUSED if isinstance(value, int | float) and "secret" not in path
    ]
    shown += [("prometheus.retention", 5), ("prometheus.volume_size", 5), ("prometheus.resources.limits.cpu", 5)]
    shown += [("prometheus.retention", "5x"), ("prometheus.volume_size", "5Gib"), ("trust", ["x"]), ("trust", [5])]
    assert len(shown) > 25
    assert [(path, value) for path, value in shown if editor.is_valid(at(path, value))] == []
