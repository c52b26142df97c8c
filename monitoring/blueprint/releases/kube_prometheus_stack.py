"""Prometheus, Alertmanager, Grafana, the operator and the exporters of Kubernetes itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from monitoring.blueprint import alerting
from monitoring.blueprint.access.oauth2_proxy import ROLE_HEADER, USER_HEADER
from monitoring.blueprint.components.model import NODE_NAMESPACE
from monitoring.blueprint.components.workloads import (
    ALERTMANAGER,
    ALERTMANAGER_PATH,
    ALERTMANAGER_SECRETS,
    DYNAMIC_STORAGE_CLASS,
    GLOBAL_PATH,
    GLOBAL_QUERY_FRONTEND,
    GRAFANA,
    GRAFANA_PATH,
    OPERATOR_WEBHOOK,
    PRIORITY_CLASS,
    PROMETHEUS,
    QUERY_FRONTEND,
    RECEIVE_ROUTER,
    STATIC_STORAGE_CLASS,
    THANOS_PATH,
)
from monitoring.blueprint.dashboards import data_sources, delivery
from monitoring.blueprint.dashboards.data_sources import DataSource
from monitoring.blueprint.objects import key_vault
from monitoring.blueprint.releases import federation, request_limits, tls
from monitoring.blueprint.releases.discovery import discovery
from monitoring.blueprint.releases.federation import federated
from monitoring.blueprint.releases.pod_settings import (
    image,
    node_anti_affinity,
    of_component,
    resources,
    scheduling,
    spread,
)
from monitoring.blueprint.rules import budgets, ring, upstream_alerts
from monitoring.blueprint.rules.loader import rules
from monitoring.blueprint.scraping.federation import kept_here
from monitoring.blueprint.values.layers import nested
from monitoring.fleet.model import Peer, Region
from monitoring.fleet.yaml_file import merged

KNOWN_AFTER_APPLY = {f"extraManifests[0].{key_vault.CLIENT_ID}": ALERTMANAGER.name}

FROZEN_VOLUME_SIZE = "100Gi"
"""The size in the StatefulSet's volume template, whatever the region's `volume_size`.

The claims are Terraform's and carry the real size. A changed template makes the operator delete the
StatefulSet in the foreground: both replicas stop.
"""


def computed(region: Region, peers: Sequence[Peer]) -> Mapping[str, Any]:
    """All that depends on the region, or that other modules know (places, images, addresses)."""
    paths = {
        **_everywhere(),
        **_prometheus(region),
        **_alertmanager(region),
        **_extra_manifests(region),
        **tls.stack(region),
        **discovery(region, more_jobs=federation.jobs(region, peers)),
        **{f"prometheus.prometheusSpec.{key}": value for key, value in federated(region, peers).items()},
        "additionalPrometheusRulesMap": {
            **rules().delivered(runbook_base=region.runbooks, global_view=region.global_view),
            **budgets.delivered(region),
            ring.OBJECT: ring.ring_rules(region),
        },
    }
    return merged(nested(paths), _grafana(region))


def _everywhere() -> dict[str, Any]:
    return {
        **scheduling(
            "prometheusOperator",
            "prometheusOperator.admissionWebhooks.deployment",
            "prometheus.prometheusSpec",
            "alertmanager.alertmanagerSpec",
            "kube-state-metrics",
            "grafana",
        ),
        # the chart has no key for topologySpreadConstraints here
        "prometheusOperator.admissionWebhooks.deployment.affinity": node_anti_affinity(OPERATOR_WEBHOOK),
        **scheduling("crds.upgradeJob", priority=False),  # the chart has no key for it; the job runs for seconds
        "crds.upgradeJob.image.busybox": image("busybox"),
        "crds.upgradeJob.image.kubectl": image("kubectl"),
        "defaultRules.disabled": dict.fromkeys(upstream_alerts.OFF, True),
        "prometheus-node-exporter.namespaceOverride": NODE_NAMESPACE,
        "prometheus-node-exporter.priorityClassName": PRIORITY_CLASS,
    }


def _prometheus(region: Region) -> dict[str, Any]:
    prometheus = region.prometheus
    claim = {
        "storageClassName": STATIC_STORAGE_CLASS,
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": FROZEN_VOLUME_SIZE}},
    }
    spec = {
        "replicas": prometheus.replicas,
        "retention": prometheus.retention.prometheus,
        "retentionSize": prometheus.retention_size.prometheus,
        "scrapeInterval": prometheus.scrape_interval.prometheus,
        "evaluationInterval": prometheus.scrape_interval.prometheus,
        "externalUrl": f"https://{region.access.host}/",
        "externalLabels": {"cluster": region.name, "environment": region.environment},
        "resources": resources(prometheus.resources),
        # OnResource: the operator fills in the pods' own labels
        "topologySpreadConstraints": spread(region, hard=True, selector={"additionalLabelSelectors": "OnResource"}),
        "storageSpec": {"volumeClaimTemplate": {"spec": claim}},
        "remoteWrite": [remote_write(region)],
        "query": request_limits.of_prometheus(region),
    }
    return {f"prometheus.prometheusSpec.{key}": value for key, value in spec.items()}


def remote_write(region: Region) -> dict[str, Any]:
    """The queue from each Prometheus to Thanos Receive.

    Capacity, batch and deadline are sized for bursts. What protects a receiver that is down: few shards, and
    a back-off that grows to 30 s (Prometheus' own 5 s, and 100 ms even more, hammers it while it replays its
    WAL). A sample older than the outage window is given up, since ingestors would refuse it and stall the rest.
    """
    return {
        "name": "thanos",
        "url": f"{RECEIVE_ROUTER.url('http-rem-write')}/api/v1/receive",
        "tlsConfig": tls.client(RECEIVE_ROUTER, own=PROMETHEUS),
        "remoteTimeout": "30s",
        "queueConfig": {
            "capacity": 10000,
            "maxSamplesPerSend": request_limits.SAMPLES_PER_SEND,
            "batchSendDeadline": "5s",
            "minShards": 1,
            "maxShards": 20,
            "minBackoff": "1s",
            "maxBackoff": "30s",
            "retryOnRateLimit": True,  # Receive answers 429 at its limits; without this the samples are dropped
            "sampleAgeLimit": region.thanos.outage_window.prometheus,
        },
        **({"writeRelabelConfigs": kept} if (kept := kept_here(region)) else {}),
    }


def _alertmanager(region: Region) -> dict[str, Any]:
    claim = {
        "storageClassName": DYNAMIC_STORAGE_CLASS,
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": region.alertmanager.volume_size.kubernetes}},
    }
    spec = {
        "replicas": region.alertmanager.replicas,
        "retention": f"{region.alertmanager.retention.hours}h",  # the operator's pattern has no days
        "externalUrl": f"https://{region.access.host}{ALERTMANAGER_PATH}",
        "routePrefix": ALERTMANAGER_PATH,  # oauth2-proxy hands the path on as it is
        "topologySpreadConstraints": spread(region, hard=True, selector=of_component(ALERTMANAGER)),
        "storage": {"volumeClaimTemplate": {"spec": claim}},
        "volumes": [key_vault.volume(ALERTMANAGER_SECRETS)],
        "volumeMounts": [key_vault.mount()],
    }
    return {
        "alertmanager.config": alerting.configuration(region),
        "alertmanager.templateFiles": alerting.template_files(),
        # Terraform makes the account, with the client id that only it knows
        "alertmanager.serviceAccount": {"create": False, "name": ALERTMANAGER.service_account},
        **{f"alertmanager.alertmanagerSpec.{key}": value for key, value in spec.items()},
    }


def _extra_manifests(region: Region) -> dict[str, Any]:
    """First what `KNOWN_AFTER_APPLY` counts on. The chart passes them through tpl."""
    secrets = key_vault.secret_provider_class(ALERTMANAGER_SECRETS, region, ALERTMANAGER.secrets(region))
    return {"extraManifests": [secrets, *delivery.config_maps()]}


def _grafana(region: Region) -> dict[str, Any]:
    sources = [
        _source(data_sources.THANOS, f"{QUERY_FRONTEND.url('http')}{THANOS_PATH}/", default=True),
        _source(data_sources.PROMETHEUS, f"{PROMETHEUS.url('http-web')}/"),
        {
            "name": "Alertmanager",
            "uid": "alertmanager",
            "type": "alertmanager",
            "access": "proxy",
            "url": f"{ALERTMANAGER.url('http-web')}{ALERTMANAGER_PATH}",
            "jsonData": {"implementation": "prometheus", "handleGrafanaManagedAlerts": False},
        },
    ]
    if region.global_view:
        sources.append(_source(data_sources.THANOS_GLOBAL, f"{GLOBAL_QUERY_FRONTEND.url('http')}{GLOBAL_PATH}/"))
    return {
        "grafana": {
            "additionalDataSources": sources,
            # below the sub-path: without it Grafana redirects the scrape to the host where people sign in
            "serviceMonitor": {"path": f"{GRAFANA_PATH}/metrics"},
            "topologySpreadConstraints": spread(region, hard=False, selector=of_component(GRAFANA)),
            "grafana.ini": {
                "server": {"root_url": f"https://{region.access.host}{GRAFANA_PATH}/"},
                "auth.proxy": {
                    "header_name": USER_HEADER,
                    "headers": f"Role:{ROLE_HEADER}",
                    # not a port-forward: it reaches the pod past every policy, but from 127.0.0.1
                    "whitelist": str(region.network.pod_network),
                },
            },
        }
    }


def _source(source: DataSource, url: str, *, default: bool = False) -> dict[str, Any]:
    return {
        "name": source.name,
        "uid": source.uid,
        "type": "prometheus",
        "access": "proxy",
        "url": url,
        "isDefault": default,
        "jsonData": {"httpMethod": "POST", "prometheusType": source.kind, "timeInterval": "30s"},
    }
