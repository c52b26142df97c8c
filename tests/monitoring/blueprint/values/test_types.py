"""What a chart leaves open has the type that the operator, Kubernetes or the program itself knows."""

from __future__ import annotations

from typing import Any

import pytest

from monitoring.blueprint.values.closed_schema import faults
from monitoring.blueprint.values.layers import nested
from monitoring.fleet.yaml_file import dotted

STACK, THANOS, PROXY = "kube-prometheus-stack", "thanos", "oauth2-proxy"
SPEC = "prometheus.prometheusSpec"
DATA = "alphaConfig.configData"

BAD: list[tuple[str, str, Any, str]] = [
    (
        STACK,
        f"{SPEC}.resources.limits.mem",
        "4Gi",
        f"{SPEC}.resources.limits.mem is no value of the chart, did you mean {SPEC}.resources.limits.memory?",
    ),
    (
        THANOS,
        "receive.router.resources.limits.mem",
        "4Gi",
        "receive.router.resources.limits.mem is no value of the chart, "
        "did you mean receive.router.resources.limits.memory?",
    ),
    (
        STACK,
        f"{SPEC}.storageSpec.volumeClaimTemplates",
        {},
        f"{SPEC}.storageSpec.volumeClaimTemplates is no value of the chart, "
        f"did you mean {SPEC}.storageSpec.volumeClaimTemplate?",
    ),
    (
        STACK,
        f"{SPEC}.remoteWrite",
        [{"url": "https://a"}, {"queue_config": {}}],
        f"{SPEC}.remoteWrite[1].queue_config is no value of the chart, did you mean {SPEC}.remoteWrite[1].queueConfig?",
    ),
    (
        STACK,
        f"{SPEC}.tolerations",
        [{"operater": "Exists"}],
        f"{SPEC}.tolerations[0].operater is no value of the chart, did you mean {SPEC}.tolerations[0].operator?",
    ),
    (
        PROXY,
        "tolerations",
        [{"operater": "Exists"}],
        "tolerations[0].operater is no value of the chart, did you mean tolerations[0].operator?",
    ),
    (
        STACK,
        f"{SPEC}.retention",
        "15days",
        f"{SPEC}.retention must be a duration such as 30s, 1h30m or 15d, got '15days'",
    ),
    (
        THANOS,
        "receive.retention",
        "2days",
        "receive.retention must be a duration such as 30s, 1h30m or 15d, got '2days'",
    ),
    (STACK, f"{SPEC}.retentionSize", "50G", f"{SPEC}.retentionSize must be a size such as 50GB, got '50G'"),
    (STACK, f"{SPEC}.externalLabels.cluster", 5, f"{SPEC}.externalLabels.cluster must be a string, got 5"),
    (
        STACK,
        "alertmanager.config.route.recievers",
        "pager",
        "alertmanager.config.route.recievers is no value of the chart, "
        "did you mean alertmanager.config.route.receiver?",
    ),
    (
        STACK,
        "alertmanager.config.route.routes",
        [{"routes": [{"group_wiat": "5m"}]}],
        "alertmanager.config.route.routes[0].routes[0].group_wiat is no value of the chart, "
        "did you mean alertmanager.config.route.routes[0].routes[0].group_wait?",
    ),
    (
        PROXY,
        f"{DATA}.upstreamConfig.upstream",
        [],
        f"{DATA}.upstreamConfig.upstream is no value of the chart, did you mean {DATA}.upstreamConfig.upstreams?",
    ),
    (
        PROXY,
        f"{DATA}.upstreamConfig.upstreams",
        [{"id": "a", "rewritetarget": "/"}],
        f"{DATA}.upstreamConfig.upstreams[0].rewritetarget is no value of the chart, "
        f"did you mean {DATA}.upstreamConfig.upstreams[0].rewriteTarget?",
    ),
    (
        PROXY,
        f"{DATA}.upstreamConfig.upstreams",
        [{"timeout": "1d"}],
        f"{DATA}.upstreamConfig.upstreams[0].timeout must be a duration such as 30s or 1h30m, got '1d'",
    ),
    (
        STACK,
        f"{SPEC}.additionalScrapeConfigs",
        [{"job_name": "a", "kubernetes_sd_configs": [{"rol": "pod"}]}],
        f"{SPEC}.additionalScrapeConfigs[0].kubernetes_sd_configs[0].rol is no value of the chart, "
        f"did you mean {SPEC}.additionalScrapeConfigs[0].kubernetes_sd_configs[0].role?",
    ),
    (
        STACK,
        "prometheus.additionalServiceMonitors",
        [{"endpoints": [{"prt": "/"}]}],
        "prometheus.additionalServiceMonitors[0].endpoints[0].prt is no value of the chart, "
        "did you mean prometheus.additionalServiceMonitors[0].endpoints[0].port?",
    ),
    (
        STACK,
        f"{SPEC}.affinity.nodeAffinty",
        {},
        f"{SPEC}.affinity.nodeAffinty is no value of the chart, did you mean {SPEC}.affinity.nodeAffinity?",
    ),
    (
        STACK,
        f"{SPEC}.containers",
        [{"name": "a", "volumeMount": []}],
        f"{SPEC}.containers[0].volumeMount is no value of the chart, did you mean {SPEC}.containers[0].volumeMounts?",
    ),
    (STACK, f"{SPEC}.containers", [None], f"{SPEC}.containers[0] must not be null in a list"),
    (
        STACK,
        f"{SPEC}.volumes",
        [{"name": "a", "configMap": {"nme": "b"}}],
        f"{SPEC}.volumes[0].configMap.nme is no value of the chart, did you mean {SPEC}.volumes[0].configMap.name?",
    ),
    (
        THANOS,
        "query.resources.limits.memory",
        "4Gb",
        "query.resources.limits.memory must be a quantity such as 500m, 0.5, 4Gi or 1.5Gi, got '4Gb'",
    ),
    (
        THANOS,
        "compact.persistence.size",
        "100GB",
        "compact.persistence.size must be a quantity such as 500m, 0.5, 4Gi or 1.5Gi, got '100GB'",
    ),
    (
        STACK,
        "additionalPrometheusRulesMap.own.groups",
        [{"name": "a", "rules": [{"alert": "A", "exprs": "1"}]}],
        "additionalPrometheusRulesMap.own.groups[0].rules[0].exprs is no value of the chart, "
        "did you mean additionalPrometheusRulesMap.own.groups[0].rules[0].expr?",
    ),
]

GOOD: list[tuple[str, str, Any]] = [
    (
        THANOS,
        "query.resources",
        {"limits": {"cpu": 0.5, "memory": "1.5Gi"}, "requests": {"cpu": "500m", "memory": "1G"}},
    ),
    (THANOS, "query.resources.limits", {"hugepages-2Mi": "1Gi", "example.com/device": 1, "memory": 1073741824}),
    (THANOS, "query.resources", None),
    (STACK, f"{SPEC}.retentionSize", ""),  # the chart's own way to say none
    (STACK, f"{SPEC}.topologySpreadConstraints", [{"maxSkew": 1, "additionalLabelSelectors": "OnResource"}]),
    (STACK, f"{SPEC}.podMetadata.annotations", {"a.b/c": "d"}),
    (STACK, "alertmanager.config", "route: {}"),
    (STACK, "grafana.env", {"ANY_NAME": "x"}),
    (STACK, "grafana.image.pullSecrets", ["name"]),
    (STACK, "prometheusOperator.podDisruptionBudget", {"enabled": True, "minAvailable": "50%"}),
]


@pytest.mark.parametrize(("chart", "path", "value", "expected"), BAD, ids=[row[1] for row in BAD])
def test_a_fault_below_an_open_key_is_told(chart: str, path: str, value: Any, expected: str) -> None:
    ((where, message),) = faults(chart, nested({path: value}))
    assert f"{dotted(where)} {message}" == expected


@pytest.mark.parametrize(("chart", "path", "value"), GOOD, ids=[f"{row[1]}={row[2]}" for row in GOOD])
def test_what_the_types_know_passes(chart: str, path: str, value: Any) -> None:
    assert list(faults(chart, nested({path: value}))) == []


@pytest.mark.parametrize(
    ("chart", "path", "meant"),
    [
        (STACK, "prometheus.server", SPEC),
        (STACK, "prometheus.replicas", f"{SPEC}.replicas"),
        (STACK, "prometheus.retention", f"{SPEC}.retention"),
        (STACK, f"{SPEC}.persistence", "volume_size of prometheus in the region's file"),
        (STACK, "kubeStateMetrics.replicas", "kube-state-metrics.replicas"),
        (STACK, f"{SPEC}.nodeAffinity", f"{SPEC}.affinity.nodeAffinity"),
        (STACK, f"{SPEC}.requests", f"{SPEC}.resources.requests"),
        (STACK, "nodeExporter.tolerations", "prometheus-node-exporter.tolerations"),
        (STACK, "prometheusSpec.replicas", SPEC),
        (STACK, "server.retention", SPEC),
        (THANOS, "compact.retentionResolutionRaw", "--retention.resolution-raw in compact.extraArgs"),
        (THANOS, "store.replicas", "storeGateway"),
        (THANOS, "compactor.retention", "compact"),
    ],
)
def test_a_value_of_other_charts_is_told_where_it_lives(chart: str, path: str, meant: str) -> None:
    ((_, message),) = faults(chart, nested({path: 1}))
    assert message == f"is no value of the chart, did you mean {meant}?"
