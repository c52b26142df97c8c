"""Receive's routers, and the ring that says which zone an ingestor is in: objects of ours, in the chart's shape.

The chart (thanos 1.24.1, templates/receive-router) writes its ring from a number of ingestors, without zones, and gives
no key for another: Thanos takes `--receive.hashrings-file` once, and a path is mounted once. So its own Deployment has
no pods. Its Service, ServiceMonitor and PodDisruptionBudget stay: they know the routers by their labels.
"""

from __future__ import annotations

import json
from typing import Any

from monitoring.blueprint.components.workloads import (
    RECEIVE_INGESTOR,
    RECEIVE_ROUTER,
    ingestor_pod,
    ingestor_zone,
)
from monitoring.blueprint.values.charts import versions
from monitoring.blueprint.values.confinement import confined
from monitoring.blueprint.values.manifests import Manifest
from monitoring.fleet.model import Region

NAME = RECEIVE_ROUTER.workload
"""Of the Deployment, the ConfigMap and the ServiceAccount. Objects come before the chart, and wait for their pods: an
account that the chart makes would never be there."""

RING_FILE = "hashrings.json"

LISTENERS = {"grpc": "grpc-address", "http": "http-address", "http-rem-write": "remote-write.address"}
"""The flag of each port of Thanos."""

_OF_THE_CHART = frozenset({"service", "podDisruptionBudget", "ingress", "httpRoute"})
_READ = frozenset(
    {
        "extraArgs",
        "extraEnv",
        "extraVolumeMounts",
        "extraVolumes",
        "nodeSelector",
        "podAnnotations",
        "priorityClassName",
        "resources",
        "terminationGracePeriodSeconds",
        "tolerations",
        "topologySpreadConstraints",
    }
)
"""Keys below `receive.router` that the chart's other objects have, and those that `deployment` reads."""

_USER = {"runAsUser": 65534, "runAsGroup": 65532, "runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
"""As the chart has it."""


def override_fault(place: str) -> str | None:
    """What is wrong with an override of `receive.router` that would change nothing, or start the chart's routers."""
    key = place.removeprefix("receive.router.").partition(".")[0].partition("[")[0]
    if not place.startswith("receive.router.") or key in _OF_THE_CHART | _READ:
        return None
    instead = "thanos.receive.routers says how many run" if key == "replicas" else "no router reads it"
    return f"must not be overridden: {instead} (monitoring/blueprint/releases/receive_router.py)"


def ring(region: Region) -> list[dict[str, Any]]:
    """hashrings.json: the ingestors that take samples, each with its zone. Without zones a host is what may fail."""
    headless = f"{RECEIVE_INGESTOR.service}.{RECEIVE_INGESTOR.namespace}.svc.cluster.local"
    port = RECEIVE_INGESTOR.port("grpc").number
    endpoints = [
        {"address": f"{ingestor_pod(number)}.{headless}:{port}"} | ({"az": zone} if zone else {})
        for number in range(region.thanos.receive.ring)
        for zone in [ingestor_zone(region, number)]
    ]
    return [{"hashring": "default", "endpoints": endpoints}]


def routers(region: Region, values: Any) -> tuple[Manifest, ...]:
    """The ring's ConfigMap, the account and the Deployment; `values` are the chart's, overrides included."""
    account = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": RECEIVE_ROUTER.service_account, "namespace": RECEIVE_ROUTER.namespace},
        "automountServiceAccountToken": False,
    }
    return _config(region), account, deployment(region, values)


def deployment(region: Region, values: Any) -> Manifest:
    """The Deployment: what `receive.router` of the values says, in the shape of the chart's."""
    own = values["receive"]["router"]
    labels = dict(RECEIVE_ROUTER.labels)
    pod = {
        "serviceAccountName": RECEIVE_ROUTER.service_account,
        "securityContext": {"fsGroup": 65534, **_USER},
        "priorityClassName": own["priorityClassName"],
        "terminationGracePeriodSeconds": own["terminationGracePeriodSeconds"],
        "containers": [_container(values)],
        "volumes": [{"name": "ring", "configMap": {"name": NAME}}, *own["extraVolumes"]],
        "nodeSelector": own["nodeSelector"],
        "tolerations": own["tolerations"],
        "topologySpreadConstraints": [
            {"labelSelector": {"matchLabels": labels}, **one} for one in own["topologySpreadConstraints"]
        ],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": NAME, "namespace": RECEIVE_ROUTER.namespace, "labels": labels},
        "spec": {
            "replicas": region.thanos.receive.routers,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels, "annotations": own["podAnnotations"]}, "spec": pod},
        },
    }


def _config(region: Region) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": NAME, "namespace": RECEIVE_ROUTER.namespace},
        "data": {RING_FILE: json.dumps(ring(region), indent=1)},
    }


def _container(values: Any) -> dict[str, Any]:
    own, image, pinned = values["receive"]["router"], values["image"], versions().images["thanos"]
    digest = f"@{image['digest']}" if image.get("digest") else ""
    return {
        "name": RECEIVE_ROUTER.name,
        "image": f"{pinned.registry}/{pinned.repository}:{image['tag']}{digest}",
        "securityContext": {**confined(), **_USER},
        "env": [_pods_name(), *(own.get("extraEnv") or ())],
        "args": [*_flags(values), *own["extraArgs"]],
        "ports": [{"name": port.name, "containerPort": port.number} for port in RECEIVE_ROUTER.ports],
        "livenessProbe": _probe("healthy", every=30, failures=4),
        "readinessProbe": _probe("ready", every=5, failures=20),
        "volumeMounts": [
            {"name": "ring", "mountPath": f"/etc/thanos/{RING_FILE}", "subPath": RING_FILE, "readOnly": True},
            *own["extraVolumeMounts"],
        ],
        "resources": own["resources"],
    }


def _pods_name() -> dict[str, Any]:
    return {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}


def _flags(values: Any) -> list[str]:
    limit = values["autoGomemlimit"]
    return [
        "receive",
        f"--log.level={values.get('logLevel', 'info')}",
        f"--log.format={values['logFormat']}",
        *(f"--{LISTENERS[port.name]}=0.0.0.0:{port.number}" for port in RECEIVE_ROUTER.ports),
        *(["--enable-auto-gomemlimit", f"--auto-gomemlimit.ratio={limit['ratio']}"] if limit["enabled"] else ()),
        f"--receive.hashrings-file=/etc/thanos/{RING_FILE}",
        f"--receive.replication-factor={values['receive']['replicationFactor']}",
        '--label=receive_replica="$(NAME)"',
    ]


def _probe(path: str, *, every: int, failures: int) -> dict[str, Any]:
    return {
        "httpGet": {"path": f"/-/{path}", "port": "http"},
        "periodSeconds": every,
        "timeoutSeconds": 1,
        "failureThreshold": failures,
    }
