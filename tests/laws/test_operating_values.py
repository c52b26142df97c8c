"""Values on which data and answers hang: budgets against quorums, windows, delays, queues, and what each pod may use.

Each is said once more by hand, for every region; what a region's file says is held against the region's file.
"""

from __future__ import annotations

from typing import Any

import pytest

from monitoring.blueprint.releases import releases
from monitoring.fleet import Fleet, Region
from tests.laws.test_security_values import REGIONS, at, values

EVERY_REGION = pytest.mark.parametrize(("fleet", "region"), REGIONS, ids=lambda one: getattr(one, "name", ""))
KUBE, THANOS, VIEW = "kube-prometheus-stack", "thanos", "thanos-global"
ONE_MAY_GO = {"enabled": True, "maxUnavailable": 1, "unhealthyPodEvictionPolicy": "AlwaysAllow"}
ONE_MUST_STAY = {"enabled": True, "minAvailable": 1, "unhealthyPodEvictionPolicy": "AlwaysAllow"}

BUDGETS: dict[str, dict[str, dict[str, Any]]] = {
    KUBE: {
        "prometheus": ONE_MUST_STAY,
        "alertmanager": ONE_MAY_GO | {"minAvailable": None},
        "prometheusOperator.admissionWebhooks.deployment": ONE_MUST_STAY,
        "prometheusOperator": {"enabled": False},  # one replica: a budget would block every drain
    },
    THANOS: dict.fromkeys(("receive.ingestor", "receive.router", "storeGateway", "query", "queryFrontend"), ONE_MAY_GO),
    VIEW: dict.fromkeys(("query", "queryFrontend"), ONE_MAY_GO),
    "oauth2-proxy": {"": ONE_MUST_STAY | {"maxUnavailable": None}},
}


@EVERY_REGION
def test_a_drain_takes_one_pod_of_each_part_at_a_time(fleet: Fleet, region: Region) -> None:
    for name, found in values(fleet, region).items():
        wanted = BUDGETS.get(name, {})
        assert {path: at(found, f"{path}.podDisruptionBudget".lstrip(".")) for path in wanted} == wanted, name


@EVERY_REGION
def test_a_drain_leaves_a_quorum(fleet: Fleet, region: Region) -> None:
    """Receive takes a sample on most of its copies; Alertmanagers and Prometheus replicas each know all."""
    found = values(fleet, region)
    factor = at(found[THANOS], "receive.replicationFactor")
    assert at(found[THANOS], "receive.ingestor.podDisruptionBudget.maxUnavailable") <= factor - (factor // 2 + 1)
    assert at(found[THANOS], "receive.ingestor.replicas") >= factor
    assert at(found[KUBE], "alertmanager.alertmanagerSpec.replicas") >= 3
    assert at(found[KUBE], "prometheus.prometheusSpec.replicas") >= 2


PROMETHEUS = "prometheus.prometheusSpec"
HARD = {"podAntiAffinity": "hard", "podAntiAffinityTopologyKey": "kubernetes.io/hostname"}
EXPECTED: dict[str, dict[str, Any]] = {
    KUBE: {
        "crds.enabled": True,
        "crds.upgradeJob.enabled": True,
        "crds.upgradeJob.forceConflicts": True,
        "crds.upgradeJob.podLabels": {"app.kubernetes.io/name": "crds-upgrade"},
        **{f"kube{part}.enabled": False for part in ("ControllerManager", "Etcd", "Scheduler", "Proxy")},
        "defaultRules.create": True,
        "defaultRules.rules.windows": False,
        "fullnameOverride": "prometheus",
        "cleanPrometheusOperatorObjectNames": True,
        "prometheusOperator.kubeletEndpointsEnabled": False,
        "prometheusOperator.kubeletEndpointSliceEnabled": True,
        "prometheusOperator.prometheusConfigReloader.enableProbe": False,
        # every team's objects count
        **{
            f"{PROMETHEUS}.{kind}SelectorNilUsesHelmValues": False
            for kind in ("serviceMonitor", "podMonitor", "probe", "rule", "scrapeConfig")
        },
        f"{PROMETHEUS}.serviceDiscoveryRole": "EndpointSlice",
        **{f"{PROMETHEUS}.{key}": value for key, value in HARD.items()},
        **{f"alertmanager.alertmanagerSpec.{key}": value for key, value in HARD.items()},
        f"{PROMETHEUS}.terminationGracePeriodSeconds": 600,
        f"{PROMETHEUS}.maximumStartupDurationSeconds": 1800,
        f"{PROMETHEUS}.persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
        f"{PROMETHEUS}.tsdb.outOfOrderTimeWindow": "10m",
        f"{PROMETHEUS}.storageSpec.volumeClaimTemplate.spec": {
            "storageClassName": "oversight-static",
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "100Gi"}},
        },
        f"{PROMETHEUS}.remoteWrite.0.name": "thanos",
        f"{PROMETHEUS}.remoteWrite.0.url": "https://thanos-receive-router.monitoring.svc:19291/api/v1/receive",
        f"{PROMETHEUS}.remoteWrite.0.remoteTimeout": "30s",
        "alertmanager.alertmanagerSpec.routePrefix": "/alertmanager",
        "alertmanager.alertmanagerSpec.storage.volumeClaimTemplate.spec.storageClassName": "oversight-retain",
        "alertmanager.alertmanagerSpec.storage.volumeClaimTemplate.spec.accessModes": ["ReadWriteOnce"],
        "kube-state-metrics.fullnameOverride": "kube-state-metrics",
        "kube-state-metrics.metricLabelsAllowlist": ["nodes=[topology.kubernetes.io/zone]"],
        "nodeExporter.operatingSystems": {"aix": {"enabled": False}, "darwin": {"enabled": False}},
        "prometheus-node-exporter.fullnameOverride": "node-exporter",
        "prometheus-node-exporter.tolerations": [{"operator": "Exists"}],
        "prometheus-node-exporter.nodeSelector": {"kubernetes.io/os": "linux"},
        "prometheus-node-exporter.namespaceOverride": "monitoring-node",
        "prometheus-node-exporter.priorityClassName": "monitoring-critical",
        "grafana.fullnameOverride": "grafana",
        "grafana.replicas": 1,
        "grafana.persistence.enabled": False,
        "grafana.testFramework.enabled": False,
        "grafana.defaultDashboardsTimezone": "utc",
        "grafana.grafana/ini.server.serve_from_sub_path": True,
        "grafana.serviceMonitor.path": "/grafana/metrics",
        "grafana.sidecar.dashboards.skipReload": True,
        "grafana.sidecar.datasources.skipReload": True,
        "grafana.sidecar.datasources.defaultDatasourceEnabled": False,
    },
    THANOS: {
        "logFormat": "json",
        "autoGomemlimit": {"enabled": True, "ratio": 0.9},
        "serviceMonitor": {"enabled": True, "interval": "30s"},
        "additionalReplicaLabels": ["prometheus_replica"],
        "receive.enabled": True,
        "storeGateway.enabled": True,
        "compact.enabled": True,
        "queryFrontend.enabled": True,
        "compact.deduplication": {"enabled": True},
        "receive.ingestor.terminationGracePeriodSeconds": 900,
        "receive.router.terminationGracePeriodSeconds": 60,
        "storeGateway.terminationGracePeriodSeconds": 120,
        "compact.terminationGracePeriodSeconds": 300,
        "query.terminationGracePeriodSeconds": 120,
        "queryFrontend.terminationGracePeriodSeconds": 120,
        "receive.router.replicas": 0,  # ours run (monitoring/blueprint/releases/receive_router.py)
        "query.replicas": 2,
        "queryFrontend.replicas": 2,
        "queryFrontend.extraArgs.0": "--query-range.split-interval=24h",
        "queryFrontend.extraArgs.1": "--query-range.max-retries-per-request=1",
        "queryFrontend.extraArgs.2": "--query.max-retries-per-request=1",
        "queryFrontend.extraArgs.3": "--labels.max-retries-per-request=1",
        "queryFrontend.extraArgs.4": "--query-frontend.compress-responses",
        **{
            f"{part}.persistence.{key}": value
            for part in ("receive.ingestor", "storeGateway", "compact")
            for key, value in (("enabled", True), ("storageClass", "oversight-retain"))
        },
        "receive.router.extraArgs": [
            "--receive.hashrings-algorithm=ketama",
            "--receive.limits-config=write:\n  default:\n    request:\n      size_bytes_limit: 33554432\n"
            "      series_limit: 10000\n      samples_limit: 10000\n",
            "--remote-write.server-tls-cert=/etc/oversight/tls/tls.crt",
            "--remote-write.server-tls-key=/etc/oversight/tls/tls.key",
            "--remote-write.server-tls-client-ca=/etc/oversight/trust/roots.pem",
        ],
        "query.extraArgs": [
            "--query.auto-downsampling",
            "--query.timeout=2m",
            "--store.response-timeout=30s",
            "--web.external-prefix=/thanos",
            "--grpc-server-tls-cert=/etc/oversight/tls/tls.crt",
            "--grpc-server-tls-key=/etc/oversight/tls/tls.key",
            "--grpc-server-tls-client-ca=/etc/oversight/trust/roots.pem",
        ],
    },
    VIEW: {
        "logFormat": "json",
        "autoGomemlimit": {"enabled": True, "ratio": 0.9},
        "serviceMonitor": {"enabled": True, "interval": "30s"},
        "additionalReplicaLabels": ["prometheus_replica", "receive_replica"],
        "receive.enabled": False,
        "storeGateway.enabled": False,
        "compact.enabled": False,
        "query.enableDnsDiscovery": False,
        "query.replicas": 2,
        "query.terminationGracePeriodSeconds": 120,
        "queryFrontend.enabled": True,
        "queryFrontend.replicas": 2,
        "queryFrontend.terminationGracePeriodSeconds": 120,
        "queryFrontend.extraArgs": [
            "--query-range.split-interval=672h",
            "--query-range.max-query-parallelism=32",
            "--query-range.max-retries-per-request=1",
            "--query.max-retries-per-request=1",
            "--labels.max-retries-per-request=1",
            "--query-frontend.compress-responses",
            "--query-range.response-cache-config=type: IN-MEMORY\nconfig:\n  max_size: 512MB",
        ],
    },
    "oauth2-proxy": {
        "fullnameOverride": "oauth2-proxy",
        "replicaCount": 2,
        "metrics.serviceMonitor": {"enabled": True, "interval": "30s", "scrapeTimeout": "10s"},
        "gatewayApi.enabled": True,
        "gatewayApi.rules": [{"name": "all", "matches": [{"path": {"type": "PathPrefix", "value": "/"}}]}],
    },
    "prometheus-postgres-exporter": {
        "fullnameOverride": "postgres-exporter",
        "replicaCount": 1,
        "config.logFormat": "json",
        "serviceMonitor.enabled": True,
    },
    "prometheus-redis-exporter": {
        "fullnameOverride": "redis-exporter",
        "replicaCount": 1,
        "serviceMonitor.enabled": True,
        "auth.enabled": True,
    },
}


@EVERY_REGION
def test_data_retention_and_durability_values_are_as_stated(fleet: Fleet, region: Region) -> None:
    for name, found in values(fleet, region).items():
        wanted = EXPECTED.get(name, {})
        assert {path: at(found, path) for path in wanted} == wanted, name


RESOURCES: dict[str, dict[str, str]] = {
    KUBE: {
        "crds.upgradeJob": "50m 64Mi, at most 500m 128Mi",
        "prometheusOperator": "100m 128Mi, at most 500m 512Mi",
        "prometheusOperator.prometheusConfigReloader": "10m 32Mi, at most 100m 64Mi",
        "prometheusOperator.admissionWebhooks.deployment": "10m 32Mi, at most 100m 128Mi",
        "alertmanager.alertmanagerSpec": "50m 128Mi, at most 500m 256Mi",
        "kube-state-metrics": "50m 128Mi, at most 500m 512Mi",
        "prometheus-node-exporter": "50m 32Mi, at most 250m 128Mi",
        "grafana": "100m 256Mi, at most 1 512Mi",
        "grafana.sidecar": "10m 96Mi, at most 100m 192Mi",
    },
    THANOS: {
        "receive.router": "500m 1Gi, at most 2 2Gi",
        "query": "500m 1Gi, at most 2 4Gi",
        "queryFrontend": "200m 1Gi, at most 1 2Gi",
    },
    VIEW: {"query": "500m 1Gi, at most 2 4Gi", "queryFrontend": "200m 1Gi, at most 1 2Gi"},
    "oauth2-proxy": {"": "50m 64Mi, at most 500m 128Mi"},
    "prometheus-postgres-exporter": {"": "10m 32Mi, at most 250m 128Mi"},
    "prometheus-redis-exporter": {"": "10m 32Mi, at most 250m 128Mi"},
}


@EVERY_REGION
def test_each_container_has_the_stated_requests_and_limits(fleet: Fleet, region: Region) -> None:
    def value_at(found: Any, path: str) -> str:
        of = at(found, f"{path}.resources".lstrip("."))
        return "{cpu} {memory}".format(**of["requests"]) + ", at most {cpu} {memory}".format(**of["limits"])

    for name, found in values(fleet, region).items():
        wanted = RESOURCES.get(name, {})
        assert {path: value_at(found, path) for path in wanted} == wanted, name


@EVERY_REGION
def test_out_of_order_window_is_the_same_everywhere(fleet: Fleet, region: Region) -> None:
    found, window = values(fleet, region), region.thanos.outage_window.prometheus
    assert at(found[THANOS], "receive.ingestor.extraArgs") == [
        f"--tsdb.out-of-order.time-window={window}",
        "--tsdb.too-far-in-future.time-window=5m",
        f'--label=region="{region.location}"',
    ]
    assert at(found[KUBE], f"{PROMETHEUS}.remoteWrite.0.queueConfig") == {
        "capacity": 10_000,
        "maxSamplesPerSend": 5_000,
        "batchSendDeadline": "5s",
        "minShards": 1,
        "maxShards": 20,
        "minBackoff": "1s",
        "maxBackoff": "30s",
        "retryOnRateLimit": True,
        "sampleAgeLimit": window,
    }


@EVERY_REGION
def test_retention_values_equal_the_regions_file(fleet: Fleet, region: Region) -> None:
    found, keep = values(fleet, region), region.thanos.retention
    assert at(found[THANOS], "compact.extraArgs") == [
        f"--retention.resolution-raw={keep.raw.prometheus}",
        f"--retention.resolution-5m={keep.five_minutes.prometheus}",
        f"--retention.resolution-1h={keep.one_hour.prometheus}",
        "--delete-delay=48h",
    ]
    prometheus, receive = region.prometheus, region.thanos.receive
    spec = at(found[KUBE], PROMETHEUS)
    assert (spec["retention"], spec["retentionSize"]) == (
        prometheus.retention.prometheus,
        prometheus.retention_size.prometheus,
    )
    assert (spec["scrapeInterval"], spec["evaluationInterval"]) == (prometheus.scrape_interval.prometheus,) * 2
    assert spec["externalLabels"] == {"cluster": region.name, "environment": region.environment}
    assert at(found[THANOS], "receive.retention") == receive.retention.prometheus
    assert at(found[THANOS], "receive.replicationFactor") == receive.replication_factor
    hours = region.alertmanager.retention.seconds / 3600
    assert at(found[KUBE], "alertmanager.alertmanagerSpec.retention") == f"{hours:.0f}h"
    for path, part in (
        ("receive.ingestor", receive),
        ("storeGateway", region.thanos.store_gateway),
        ("compact", region.thanos.compactor),
    ):
        assert at(found[THANOS], f"{path}.persistence.size") == part.volume_size.kubernetes


@EVERY_REGION
def test_answers_and_blocks_are_cached_where_the_region_says(fleet: Fleet, region: Region) -> None:
    found = values(fleet, region)
    (answers,) = at(found[THANOS], "queryFrontend.extraArgs")[5:]
    of_blocks = [flag.partition("=")[0] for flag in at(found[THANOS], "storeGateway.extraArgs")[3:]]
    if region.thanos.cache is None:
        assert answers == "--query-range.response-cache-config=type: IN-MEMORY\nconfig:\n  max_size: 512MB"
        assert of_blocks == []
    else:
        assert answers.startswith("--query-range.response-cache-config=type: MEMCACHED\n")
        assert of_blocks == ["--index-cache.config", "--store.caching-bucket.config"]


@EVERY_REGION
def test_query_limits_match_the_regions_load(fleet: Fleet, region: Region) -> None:
    found, load = values(fleet, region), region.load
    assert at(found[KUBE], f"{PROMETHEUS}.query") == {
        "maxConcurrency": load.concurrent_queries,
        "maxSamples": load.samples_per_query,
        "timeout": "1m",
    }
    flags = at(found[THANOS], "storeGateway.extraArgs")
    assert flags[:3] == [
        f"--store.grpc.series-max-concurrency={load.concurrent_queries}",
        f"--store.limits.request-series={load.active_series}",
        f"--store.limits.request-samples={load.samples_per_query * 10}",
    ]


SPREAD = {
    (KUBE, PROMETHEUS): "DoNotSchedule",
    (KUBE, "alertmanager.alertmanagerSpec"): "DoNotSchedule",
    (KUBE, "grafana"): "ScheduleAnyway",
    (THANOS, "receive.ingestor"): "DoNotSchedule",
    (THANOS, "receive.router"): "ScheduleAnyway",
    (THANOS, "storeGateway"): "ScheduleAnyway",
    (THANOS, "query"): "ScheduleAnyway",
    (THANOS, "queryFrontend"): "ScheduleAnyway",
    (VIEW, "query"): "ScheduleAnyway",
    (VIEW, "queryFrontend"): "ScheduleAnyway",
    ("oauth2-proxy", ""): "ScheduleAnyway",
}
"""What holds a copy of a sample, or of a silence, is spread hard; what holds nothing may crowd rather than wait."""


@EVERY_REGION
def test_copies_never_share_a_zone_or_a_host(fleet: Fleet, region: Region) -> None:
    found = values(fleet, region)
    key = "topology.kubernetes.io/zone" if region.zones else "kubernetes.io/hostname"
    for (name, path), wanted in SPREAD.items():
        if name in found:
            (one,) = at(found[name], f"{path}.topologySpreadConstraints".lstrip("."))
            assert (one["maxSkew"], one["topologyKey"], one["whenUnsatisfiable"]) == (1, key, wanted), path


ORDER = {
    "objects": ((), 900, True),
    KUBE: (("objects",), 1800, False),
    "thanos-cache": (("objects", KUBE), 300, True),
    THANOS: (("objects", KUBE), 3600, False),
    VIEW: (("objects", KUBE, THANOS), 600, True),
    "oauth2-proxy": (("objects", KUBE, THANOS), 600, True),
    "prometheus-postgres-exporter": (("objects", KUBE), 300, True),
    "prometheus-redis-exporter": (("objects", KUBE), 300, True),
}


@EVERY_REGION
def test_releases_wait_and_only_stateless_ones_are_atomic(fleet: Fleet, region: Region) -> None:
    made = releases(region, fleet.peers_of(region))
    assert {one.name: (one.after, one.timeout, one.atomic) for one in made} == {
        name: order
        for name, order in ORDER.items()
        if (name != VIEW or region.global_view)
        and (name != "thanos-cache" or region.thanos.cache)
        and (not name.startswith("prometheus-postgres") or (region.databases and region.databases.postgresql))
        and (not name.startswith("prometheus-redis") or (region.databases and region.databases.redis))
    }
    assert {one.namespace for one in made} == {"monitoring"}


@EVERY_REGION
def test_client_ids_are_set_by_terraform(fleet: Fleet, region: Region) -> None:
    known = {one.name: dict(one.known_after_apply) for one in releases(region, fleet.peers_of(region))}
    path = "spec.parameters.clientID"
    assert {name: paths for name, paths in known.items() if paths and "exporter" not in name} == {
        KUBE: {f"extraManifests[0].{path}": "alertmanager"},
        "oauth2-proxy": {f"extraObjects[0].{path}": "oauth2-proxy"},
    }
