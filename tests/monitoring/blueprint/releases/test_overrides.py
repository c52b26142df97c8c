"""What a region's `helm_values` may not do: take away what the program computes, or break what its checks hold."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitoring.blueprint.capacity.needs import check_capacity
from monitoring.blueprint.releases import checked_releases, releases
from monitoring.blueprint.releases.final_values import FIELDS, effective
from monitoring.blueprint.releases.release import Release
from monitoring.blueprint.values.layers import leaves, nested
from monitoring.errors import InvalidInput
from monitoring.fleet import Fleet, Region, load_fleet

REGIONS = Path(__file__).parents[3] / "fleet" / "regions"
STACK, THANOS, PROXY = "kube-prometheus-stack", "thanos", "oauth2-proxy"
SPEC = "prometheus.prometheusSpec"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(REGIONS, tmp_path / "regions")


def _fleet(folder: Path, release: str, override: Mapping[str, Any]) -> Fleet:
    """The fixture fleet with an override in one region, each of whose leaves has a line of its own."""
    file = folder / "trial-gamma.yaml"
    text = yaml.safe_dump({"helm_values": {release: nested(override)}}, width=10_000, default_flow_style=False)
    file.write_text(file.read_text() + text)
    return load_fleet(folder)


def _problems(folder: Path, release: str, override: Mapping[str, Any]) -> list[str]:
    fleet = _fleet(folder, release, override)
    with pytest.raises(InvalidInput) as caught:
        check_capacity(fleet, checked_releases(fleet))
    return [str(problem) for problem in caught.value.problems]


def _line(folder: Path, text: str) -> int:
    lines = (folder / "trial-gamma.yaml").read_text().splitlines()
    (line,) = [number for number, line in enumerate(lines, start=1) if line.strip().startswith(text)][-1:]
    return line


def _made(folder: Path, release: str, override: Mapping[str, Any]) -> Release:
    made = checked_releases(_fleet(folder, release, override))["trial-gamma"]
    return next(one for one in made if one.name == release)


CHECKED: list[tuple[str, dict[str, Any], str]] = [
    (STACK, {f"{SPEC}.retentionSize": "500GB"}, "must be at most 80 % of volume_size 32Gi, got 500GB"),
    (STACK, {f"{SPEC}.resources.limits.memory": "100Mi"}, "must be at least requests.memory 1Gi, got 100Mi"),
    (THANOS, {"receive.ingestor.resources.limits.memory": "0.1Gi"}, "must be at least requests.memory 2Gi, got 0.1Gi"),
    (THANOS, {"query.resources.limits.memory": "100M"}, "must be at least requests.memory 1Gi, got 100M"),
    (PROXY, {"resources.limits.cpu": 0.01}, "must be at least requests.cpu 50m, got 0.01"),
    (THANOS, {"query.resources.limits.memory": None}, "must be a quantity such as 500m, 0.5, 4Gi or 1.5Gi, got null"),
    (THANOS, {"receive.ingestor.replicas": 1}, "must be at least 3, got 1"),
    (
        THANOS,
        {"receive.replicationFactor": 5},
        "breaks thanos.receive.replicas, which must be at least replication_factor 5, got 3",
    ),
    (THANOS, {"receive.replicationFactor": 1}, "must be 3 or 5, got 1"),
    (THANOS, {"query.replicas": 0}, "must be at least 1, got 0"),
    (THANOS, {"query.replicas": None}, "must be at least 1, got null"),
    (PROXY, {"replicaCount": 0}, "must be at least 1, got 0"),
    (STACK, {"alertmanager.alertmanagerSpec.replicas": 1}, "must be at least 3, got 1"),
    (STACK, {f"{SPEC}.replicas": None}, "must be at least 1, got null"),
    (STACK, {f"{SPEC}.shards": 0}, "must be at least 1, got 0"),
    (STACK, {f"{SPEC}.retention": None}, "must not be null: the field prometheus.retention of the region gives it"),
    (THANOS, {"compact.extraArgs": ["--retention.resolution-raw=1h"]}, "must be at least 40h, the age of downsampling"),
    (THANOS, {"receive.ingestor.extraArgs": ["--tsdb.out-of-order.time-window=30d"]}, "must be less than receive.ret"),
]


@pytest.mark.parametrize(("release", "override", "message"), CHECKED, ids=[str(row[1]) for row in CHECKED])
def test_a_regions_checks_hold_for_overrides(
    folder: Path, release: str, override: dict[str, Any], message: str
) -> None:
    told = _problems(folder, release, override)
    ((path, value),) = leaves(nested(override))
    place = ".".join(("helm_values", release, *path))
    last = "- --" if isinstance(value, list) else f"{path[-1]}: "
    index = "[0]" if isinstance(value, list) else ""
    assert [line for line in told if message in line] == [
        line
        for line in told
        if line.startswith(f"regions/trial-gamma.yaml:{_line(folder, last)}: {place}{index} {message}")
    ]
    assert any(message in line for line in told)


def test_capacity_holds_for_overrides(folder: Path) -> None:
    (told,) = _problems(folder, STACK, {f"{SPEC}.resources.requests.memory": "100Mi"})
    line = _line(folder, "memory: 100Mi")
    assert told.startswith(
        f"regions/trial-gamma.yaml:{line}: helm_values.{STACK}.{SPEC}.resources.requests.memory must be at least "
    )
    assert "for the region's load, got 0.1Gi (Prometheus, memory, steady)" in told


def test_capacity_of_what_no_field_gives_is_told_at_the_override(folder: Path) -> None:
    limits = {"cpu": "10m", "memory": "1.5Gi"}
    (told,) = _problems(folder, THANOS, {"receive.router.resources": {"limits": limits, "requests": {"cpu": "5m"}}})
    place = f"helm_values.{THANOS}.receive.router.resources.limits.cpu"
    assert told.startswith(f"regions/trial-gamma.yaml:{_line(folder, 'cpu: 10m')}: {place} must be at least ")


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("replicas", 3, "thanos.receive.routers says how many run"),
        ("autoscaling.enabled", True, "no router reads it"),
        ("livenessProbe.periodSeconds", 5, "no router reads it"),
    ],
)
def test_an_override_that_no_router_reads_is_refused(folder: Path, key: str, value: object, why: str) -> None:
    (told,) = _problems(folder, THANOS, {f"receive.router.{key}": value})
    assert told.endswith(
        f"helm_values.{THANOS}.receive.router.{key} must not be overridden: {why} "
        "(monitoring/blueprint/releases/receive_router.py)"
    )


def test_the_routers_are_as_the_overrides_say(folder: Path) -> None:
    override = {"receive.router.terminationGracePeriodSeconds": 90, "receive.router.resources.limits.cpu": "3"}
    made = {one.name: one for one in checked_releases(_fleet(folder, THANOS, override))["trial-gamma"]}
    objects: Any = made["objects"].values["objects"]
    (router,) = (one for one in objects if one["metadata"]["name"] == "thanos-ring-router" and "spec" in one)
    pod = router["spec"]["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] == 90
    assert pod["containers"][0]["resources"]["limits"]["cpu"] == "3"


def test_more_than_enough_is_taken(folder: Path) -> None:
    fleet = _fleet(folder, STACK, {f"{SPEC}.retentionSize": "15GB", f"{SPEC}.resources.limits.memory": "2.5Gi"})
    made = checked_releases(fleet)["trial-gamma"]
    check_capacity(fleet, checked_releases(fleet))
    region = effective(fleet.file("trial-gamma"), made).region
    assert region.prometheus.retention_size.prometheus == "15GB"
    assert region.prometheus.resources.limits.memory.kubernetes == "2560Mi"


@pytest.mark.parametrize(("release", "place"), FIELDS, ids=[place for _, place in FIELDS])
def test_every_field_gives_the_value_that_the_table_says(zoned: Region, release: str, place: str) -> None:
    """Whoever moves a value must move its row: else its override passes every check."""
    value: Any = next(one.values for one in releases(zoned, ()) if one.name == release)
    path, _, flag = place.partition("[")
    for key in path.split("."):
        value = value[key]
    if flag:
        (value,) = [one.partition("=")[2] for one in value if one.startswith(f"{flag.removesuffix(']')}=")]
    field: Any = zoned
    for key in FIELDS[release, place].split("."):
        field = getattr(field, key)
    forms = {str(field), getattr(field, "prometheus", ""), f"{getattr(field, 'seconds', 0) // 3600}h"}
    assert str(value) in forms


LOST: list[tuple[str, str, Any, str]] = [
    (PROXY, "extraArgs", {"cookie-expire": "1h"}, "would lose --cookie-secret-file="),
    (PROXY, "extraArgs", None, "would lose --cookie-secret-file="),
    (PROXY, "extraArgs", [], "would lose --cookie-secret-file="),
    (PROXY, "extraObjects", None, "would lose {apiVersion: 'secrets-store.csi.x-k8s.io/v1', kind: 'SecretPro"),
    (STACK, "extraManifests", "text", "would lose {apiVersion: 'secrets-store.csi.x-k8s.io/v1', kind: 'SecretPro"),
    (STACK, "alertmanager.config", "route: {}", "must keep what the program puts there, would lose {"),
    (STACK, "alertmanager.config.route.routes", [{"receiver": "pager"}], "would lose {receiver"),
    (STACK, f"{SPEC}.storageSpec", None, "would lose {volumeClaimTemplate"),
    (STACK, f"{SPEC}.remoteWrite", None, "would lose {name: 'thanos'"),
    (STACK, "additionalPrometheusRulesMap", None, "would lose {"),
    (THANOS, "compact.extraArgs", ["--delete-delay=0s", "text"], "would lose --retention.resolution-raw="),
    (THANOS, "query.tolerations", None, "would lose {key"),
    (THANOS, "additionalReplicaLabels", ["other"], "would lose prometheus_replica"),
]
SWITCHED_OFF = [
    (STACK, "prometheus.enabled", "{podDisruptionBudget"),
    (STACK, "prometheus.podDisruptionBudget.enabled", "{minAvailable: 1"),
    (THANOS, "compact.persistence.enabled", "{storageClass: "),
    (THANOS, "serviceMonitor.enabled", "{interval: '30s'}"),
    (PROXY, "alphaConfig.enabled", "{configData: "),
]
GUARDED: list[tuple[str, str, Any]] = [
    (PROXY, "extraArgs", ["--cookie-secret-file=/tmp/x"]),
    (PROXY, "extraArgs", ["--trusted-proxy-ip=0.0.0.0/0"]),
    (PROXY, "extraArgs", ["--api-route=^/none"]),
    (PROXY, "extraArgs", ["--htpasswd-file=/tmp/x"]),
    (PROXY, "extraArgs", ["--skip-auth-route=.*"]),
    (PROXY, "extraArgs", ["--reverse-proxy=false"]),
    (PROXY, "config.emailDomains", ["*"]),
    (PROXY, "alphaConfig.configData.upstreamConfig.upstreams", [{"id": "closed /*", "path": "/", "uri": "http://a"}]),
    (PROXY, "alphaConfig.existingConfig", "other"),
    (STACK, "alertmanager.alertmanagerSpec.configSecret", "other"),
    (PROXY, "alphaConfig.configData.providers", [{"id": "entra", "allowedGroups": []}]),
    (STACK, f"{SPEC}.web.tlsConfig.minVersion", "TLS10"),
    (STACK, f"{SPEC}.web.tlsConfig", None),
    (STACK, "alertmanager.alertmanagerSpec.clusterTLS.server.clientAuthType", "NoClientCert"),
    (THANOS, "receive.router.extraArgs", ["--remote-write.server-tls-client-ca="]),
]


@pytest.mark.parametrize(("release", "path", "value", "message"), LOST, ids=[f"{row[1]}={row[2]}" for row in LOST])
def test_what_the_program_computes_is_not_lost_in_silence(
    folder: Path, release: str, path: str, value: Any, message: str
) -> None:
    told = _problems(folder, release, {path: value})
    line = _line(folder, f"{path.rpartition('.')[2]}:")
    assert any(
        one.startswith(f"regions/trial-gamma.yaml:{line}: helm_values.{release}.{path} must") and message in one
        for one in told
    ), told


@pytest.mark.parametrize(("release", "path", "lost"), SWITCHED_OFF, ids=[path for _, path, _ in SWITCHED_OFF])
def test_what_the_program_says_of_a_part_is_not_switched_off_with_it(
    folder: Path, release: str, path: str, lost: str
) -> None:
    (told,) = _problems(folder, release, {path: False})
    place = f"regions/trial-gamma.yaml:{_line(folder, 'enabled: false')}: helm_values.{release}.{path}"
    assert told.startswith(f"{place} must keep what the program puts there, would lose {lost}")


def test_what_the_program_says_nothing_of_may_be_switched_off(folder: Path) -> None:
    assert _made(folder, STACK, {"nodeExporter.operatingSystems.linux.enabled": False})


def test_a_fault_below_an_open_key_is_told_at_its_line(folder: Path) -> None:
    (told,) = _problems(folder, STACK, {f"{SPEC}.resources.limits.mem": "4Gi"})
    place = f"helm_values.{STACK}.{SPEC}.resources.limits.mem"
    hint = f"did you mean {SPEC}.resources.limits.memory?"
    line = _line(folder, "mem: ")
    assert told == f"regions/trial-gamma.yaml:{line}: {place} is no value of the chart, {hint}"


@pytest.mark.parametrize(("release", "path", "value"), GUARDED, ids=[f"{row[1]}={row[2]}" for row in GUARDED])
def test_what_lets_in_or_keeps_out_cannot_be_overridden(folder: Path, release: str, path: str, value: Any) -> None:
    told = _problems(folder, release, {path: value})
    assert all(f": helm_values.{release}.{path}" in one and " since it guards who comes in: " in one for one in told), (
        told
    )


def test_nobody_is_let_into_grafana_without_signing_in(folder: Path) -> None:
    (told,) = _problems(folder, STACK, {"grafana": {"grafana.ini": {"auth.anonymous": {"enabled": True}}}})
    assert (
        "auth.anonymous.enabled must not be overridden, since it guards who comes in: it is nothing, got true" in told
    )


def test_one_flag_is_changed_and_the_others_stay(folder: Path) -> None:
    made = _made(folder, PROXY, {"extraArgs": ["--cookie-expire=1h"]})
    flags: Any = made.values["extraArgs"]
    assert "--cookie-expire=1h" in flags
    assert "--cookie-expire=8h" not in flags
    assert len(flags) == len(set(flags)) == 14
    assert [str(change) for change in made.overrides] == ["extraArgs[--cookie-expire] (instead of --cookie-expire=8h)"]


def test_one_sender_is_changed_and_keeps_its_certificate(folder: Path) -> None:
    made = _made(folder, STACK, {f"{SPEC}.remoteWrite": [{"name": "thanos", "queueConfig": {"maxShards": 50}}]})
    values: Any = made.values
    (sender,) = values["prometheus"]["prometheusSpec"]["remoteWrite"]
    assert sender["queueConfig"]["maxShards"] == 50
    assert sender["queueConfig"]["maxBackoff"] == "30s"
    assert sender["tlsConfig"].keys() == {"ca", "serverName", "cert", "keySecret"}


def test_what_follows_from_an_overridden_value_follows(folder: Path) -> None:
    """Senders give up what ingestors no longer take; each ingestor may need a quarter of an hour to end."""
    flag = ["--tsdb.out-of-order.time-window=3h"]
    override = {"receive.ingestor.replicas": 4, "receive.ingestor.extraArgs": flag}
    made = {one.name: one for one in checked_releases(_fleet(folder, THANOS, override))["trial-gamma"]}
    new: Any = made[THANOS].values
    stack: Any = made[STACK].values
    assert new["receive"]["ingestor"]["replicas"] == 4
    assert made[THANOS].timeout == 4500
    assert stack["prometheus"]["prometheusSpec"]["remoteWrite"][0]["queueConfig"]["sampleAgeLimit"] == "3h"
    assert [str(change) for change in made[THANOS].overrides] == [
        "receive.ingestor.extraArgs[--tsdb.out-of-order.time-window] (instead of --tsdb.out-of-order.time-window=2h)",
        "receive.ingestor.replicas (instead of 3)",
    ]


def test_an_override_of_all_regions_is_told_in_their_common_file(folder: Path) -> None:
    file = folder / "_common.yaml"
    file.write_text(file.read_text().replace("helm_values: {}", "helm_values:\n  thanos:\n    query: {replicas: 0}"))
    with pytest.raises(InvalidInput) as caught:
        checked_releases(load_fleet(folder))
    line = file.read_text().splitlines().index("    query: {replicas: 0}") + 1
    assert [str(problem) for problem in caught.value.problems] == [
        f"regions/_common.yaml:{line}: helm_values.thanos.query.replicas must be at least 1, got 0"
    ]


def test_an_object_of_ones_own_comes_after_what_terraform_fills_in(folder: Path) -> None:
    own = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "own"}, "data": {"a": "b"}}
    objects: Any = _made(folder, PROXY, {"extraObjects": [own]}).values["extraObjects"]
    assert [one["kind"] for one in objects] == ["SecretProviderClass", "ConfigMap"]


HARMLESS: list[tuple[str, str, Any]] = [
    (STACK, f"{SPEC}.logLevel", "debug"),
    (STACK, f"{SPEC}.retention", "12d"),
    (STACK, f"{SPEC}.resources.limits", {"cpu": 2.5, "memory": "3.5Gi"}),
    (STACK, f"{SPEC}.externalLabels.team", "payments"),
    (STACK, f"{SPEC}.podMetadata.annotations", {"example.com/note": "night shift"}),
    (STACK, f"{SPEC}.tolerations", [{"key": "spare", "operator": "Exists"}]),
    (STACK, f"{SPEC}.remoteWrite", [{"name": "other", "url": "https://other.example", "basicAuth": {}}]),
    (STACK, f"{SPEC}.additionalScrapeConfigs", [{"job_name": "own", "static_configs": [{"targets": ["a:1"]}]}]),
    (STACK, f"{SPEC}.volumes", [{"name": "own", "emptyDir": {"sizeLimit": "1Gi"}}]),
    (STACK, f"{SPEC}.terminationGracePeriodSeconds", 900),
    (
        STACK,
        "prometheus.additionalServiceMonitors",
        [{"name": "own", "endpoints": [{"port": "web", "interval": "1m"}]}],
    ),
    (STACK, "alertmanager.config.route.group_wait", "1m"),
    (STACK, "alertmanager.config.receivers", [{"name": "own", "slack_configs": [{"api_url_file": "/a"}]}]),
    (STACK, "alertmanager.config.mute_time_intervals", [{"name": "nights", "time_intervals": []}]),
    (STACK, "additionalPrometheusRulesMap.own.groups", [{"name": "own", "rules": [{"record": "a:b", "expr": "1"}]}]),
    (STACK, "grafana.env.GF_LOG_LEVEL", "debug"),
    (STACK, "grafana.grafana\\.ini", {"users": {"default_theme": "light"}}),
    (STACK, "kube-state-metrics.extraArgs", ["--use-apiserver-cache"]),
    (STACK, "prometheus-node-exporter.extraArgs", ["--no-collector.wifi"]),
    (THANOS, "queryFrontend.replicas", 3),
    (THANOS, "query.extraArgs", ["--query.timeout=3m", "--query.max-concurrent=50"]),
    (THANOS, "storeGateway.replicas", 3),
    (THANOS, "compact.extraArgs", ["--retention.resolution-raw=21d"]),
    (THANOS, "receive.ingestor.persistence.size", "50Gi"),
    (THANOS, "query.extraEnv", [{"name": "GOGC", "value": "50"}]),
    (THANOS, "query.affinity", {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}}),
    (PROXY, "replicaCount", 3),
    (PROXY, "resources.limits.memory", "256Mi"),
    (PROXY, "extraArgs", ["--request-logging=false"]),
    (PROXY, "podAnnotations", {"example.com/note": "x"}),
]


@pytest.mark.parametrize(("release", "path", "value"), HARMLESS, ids=[f"{row[1]}={row[2]}" for row in HARMLESS])
def test_daily_overrides_pass_and_are_said(folder: Path, release: str, path: str, value: Any) -> None:
    override = {"grafana": {"grafana.ini": value}} if path.endswith("ini") else {path: value}
    fleet = _fleet(folder, release, override)
    made = checked_releases(fleet)
    check_capacity(fleet, made)
    assert next(one for one in made["trial-gamma"] if one.name == release).overrides
