"""The workloads of a region, one row each: where they run, how their pods are selected, what they listen on.

Names, labels and ports are what the charts render (their own templates decide most of them); a render
test holds the rows against real manifests. Everything that needs one of these facts names the row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from monitoring.blueprint.components.model import NODE_NAMESPACE, Certificate, Component, Grant, Port, Usage
from monitoring.fleet.model import Region

KUBE_PROMETHEUS_STACK = "kube-prometheus-stack"
THANOS = "thanos"
THANOS_GLOBAL = "thanos-global"
THANOS_CACHE = "thanos-cache"
OAUTH2_PROXY = "oauth2-proxy"
OBJECTS = "objects"
POSTGRES_RELEASE = "prometheus-postgres-exporter"
REDIS_RELEASE = "prometheus-redis-exporter"

POOL_LABELS: Mapping[str, str] = MappingProxyType({"workload": "monitoring"})
"""Label of the monitoring nodes, and, as a NoSchedule taint, what keeps others off them."""

TOLERATIONS = [
    {"key": key, "operator": "Equal", "value": value, "effect": "NoSchedule"} for key, value in POOL_LABELS.items()
]
"""What lets pods onto those nodes."""

PRIORITY_CLASS = "monitoring-critical"

STATIC_STORAGE_CLASS = "oversight-static"
"""Claims on disks that Terraform made; without a provisioner, so that a miss stays Pending."""

DYNAMIC_STORAGE_CLASS = "oversight-retain"
"""Claims that the Azure disk driver answers with a new disk, kept when the claim goes."""


def zone_storage_class(zone: str) -> str:
    """As `DYNAMIC_STORAGE_CLASS`, for disks of one zone."""
    return f"{DYNAMIC_STORAGE_CLASS}-zone-{zone}"


ALERTMANAGER_PATH = "/alertmanager"
GRAFANA_PATH = "/grafana"
THANOS_PATH = "/thanos"
GLOBAL_PATH = "/thanos/global"
"""Where each stands under the region's host, and what it serves below; Prometheus has the root."""

OBJECT_STORE_SECRET = "thanos-objstore"  # noqa: S105  (a name)
OBJECT_STORE_KEY = "objstore.yml"
"""The Secret in which the Thanos chart looks for the bucket's address; it holds no secret."""

SIGN_IN_SECRETS = "oauth2-proxy"
ALERTMANAGER_SECRETS = "alertmanager"
POSTGRES_SECRETS = "postgres-exporter"
REDIS_SECRETS = "redis-exporter"
"""The SecretProviderClasses that mount secrets from Key Vault; of Redis' exporter also the Secret that it keeps."""

COOKIE_SECRET = "oauth2-proxy-cookie-secret"  # noqa: S105  (a name)
HTPASSWD_SECRET = "oauth2-proxy-htpasswd"  # noqa: S105  (a name)
"""Names in Key Vault: what session cookies are encrypted with, and the machines' passwords as bcrypt hashes."""


def _postgres_secrets(region: Region) -> tuple[str, ...]:
    database = region.databases.postgresql if region.databases else None
    return (database.password_secret,) if database else ()


def _redis_secrets(region: Region) -> tuple[str, ...]:
    database = region.databases.redis if region.databases else None
    return (database.password_secret,) if database else ()


def _thanos(
    component: str,
    *ports: Port,
    release: str = THANOS,
    service: str | None = None,
    aliases: tuple[str, ...] = (),
    certificate: Certificate | None = None,
    grants: tuple[Grant, ...] = (),
    workload: str = "",
) -> Component:
    name = f"{release}-{component}"
    return Component(
        name=name,
        release=release,
        # the instance too: the global view's query has the same name and component
        labels={
            "app.kubernetes.io/name": "thanos",
            "app.kubernetes.io/instance": release,
            "app.kubernetes.io/component": component,
        },
        ports=ports,
        service=service or name,
        aliases=aliases,
        service_account=workload or name,
        certificate=certificate,
        grants=grants,
        workload=workload,
    )


_GRPC = Port(name="grpc", number=10901)
_HTTP = Port(name="http", number=10902)
_REMOTE_WRITE = Port(name="http-rem-write", number=19291)

OPERATOR = Component(
    name="prometheus-operator",
    release=KUBE_PROMETHEUS_STACK,
    labels={"app": "kube-prometheus-stack-operator", "release": KUBE_PROMETHEUS_STACK},
    ports=(Port(name="https", number=10250, service=443),),
    service="prometheus-operator",
    service_account="prometheus-operator",
)
OPERATOR_WEBHOOK = Component(
    name="prometheus-operator-webhook",
    release=KUBE_PROMETHEUS_STACK,
    labels={"app": "kube-prometheus-stack-operator-webhook", "release": KUBE_PROMETHEUS_STACK},
    ports=(Port(name="https", number=10250, service=443),),
    service="prometheus-operator-webhook",
    service_account="prometheus-operator-webhook",
)
PROMETHEUS = Component(
    name="prometheus",
    release=KUBE_PROMETHEUS_STACK,
    labels={"app.kubernetes.io/name": "prometheus", "operator.prometheus.io/name": "prometheus"},
    ports=(
        Port(name="http-web", number=9090, tls=True),
        Port(name="reloader-web", number=8080),
        Port(name="federate", number=9443, tls=True),
    ),
    service="prometheus-prometheus",
    aliases=("prometheus",),
    service_account="prometheus-prometheus",
    # client: it writes to Thanos, and federates
    certificate=Certificate(usages=(Usage.SERVER, Usage.CLIENT), pods_of="prometheus-operated", local=True),
    grants=(Grant.MACHINES_READ,),
)
ALERTMANAGER = Component(
    name="alertmanager",
    release=KUBE_PROMETHEUS_STACK,
    labels={"app.kubernetes.io/name": "alertmanager", "alertmanager": "prometheus"},
    ports=(
        Port(name="http-web", number=9093, tls=True),
        Port(name="reloader-web", number=8080),
        Port(name="mesh-tcp", number=9094),
        Port(name="mesh-udp", number=9094, protocol="UDP"),
    ),
    service="prometheus-alertmanager",
    service_account="prometheus-alertmanager",
    # client: of its neighbours, which gossip by TLS both ways
    certificate=Certificate(usages=(Usage.SERVER, Usage.CLIENT), pods_of="alertmanager-operated"),
    grants=(Grant.SECRETS_READ,),
    secrets=lambda region: region.alerting.secrets(),
)
KUBE_STATE_METRICS = Component(
    name="kube-state-metrics",
    release=KUBE_PROMETHEUS_STACK,
    labels={
        "app.kubernetes.io/name": "kube-state-metrics",
        "app.kubernetes.io/instance": KUBE_PROMETHEUS_STACK,
    },
    ports=(Port(name="http", number=8080),),
    service="kube-state-metrics",
    service_account="kube-state-metrics",
)
GRAFANA = Component(
    name="grafana",
    release=KUBE_PROMETHEUS_STACK,
    labels={"app.kubernetes.io/name": "grafana", "app.kubernetes.io/instance": KUBE_PROMETHEUS_STACK},
    ports=(Port(name="grafana", number=3000, service=80),),
    service="grafana",
    service_account="grafana",
)
NODE_EXPORTER = Component(
    name="node-exporter",
    release=KUBE_PROMETHEUS_STACK,
    namespace=NODE_NAMESPACE,
    labels={
        "app.kubernetes.io/name": "prometheus-node-exporter",
        "app.kubernetes.io/instance": KUBE_PROMETHEUS_STACK,
    },
    ports=(Port(name="http-metrics", number=9100),),
    service="node-exporter",
    service_account="node-exporter",
    host_network=True,
)
QUERY = _thanos("query", _GRPC, _HTTP, certificate=Certificate(usages=(Usage.SERVER,)))
QUERY_FRONTEND = _thanos("query-frontend", _HTTP)
RECEIVE_ROUTER = _thanos(
    "receive-router",
    _GRPC,
    _HTTP,
    replace(_REMOTE_WRITE, tls=True),
    aliases=("thanos-receiver",),
    certificate=Certificate(usages=(Usage.SERVER,)),
    workload="thanos-ring-router",  # ours; the chart's has the component's name, and no pods
)
RECEIVE_INGESTOR = _thanos(
    "receive-ingestor",
    _GRPC,
    _HTTP,
    _REMOTE_WRITE,
    service="thanos-receive-ingestor-headless",
    grants=(Grant.BLOB_WRITE,),
)
STORE_GATEWAY = _thanos(
    "store-gateway", _GRPC, _HTTP, service="thanos-store-gateway-headless", grants=(Grant.BLOB_READ,)
)
# The shared cache: only where a region has it (`components_of`).
CACHE = Component(
    name="thanos-cache",
    release=THANOS_CACHE,
    labels={"app.kubernetes.io/name": "memcached", "app.kubernetes.io/instance": THANOS_CACHE},
    ports=(Port(name="memcached", number=11211),),
    service="thanos-cache",
    service_account="thanos-cache",
)
# The global view: only where a region has it (`components_of`).
GLOBAL_QUERY = _thanos("query", _GRPC, _HTTP, release=THANOS_GLOBAL, certificate=Certificate(usages=(Usage.CLIENT,)))
GLOBAL_QUERY_FRONTEND = _thanos("query-frontend", _HTTP, release=THANOS_GLOBAL)
COMPACTOR = _thanos("compact", _HTTP, service="thanos-compact-headless", grants=(Grant.BLOB_WRITE,))
DRILL = Component(
    name="thanos-drill",
    release=OBJECTS,
    labels={"app.kubernetes.io/name": "thanos-drill"},
    ports=(Port(name="http", number=9180),),
    service_account="thanos-drill",
    grants=(Grant.BLOB_READ,),
)
"""A job of every day, which shows its result on the port for some minutes."""
SIGN_IN = Component(
    name="oauth2-proxy",
    release=OAUTH2_PROXY,
    labels={"app.kubernetes.io/name": "oauth2-proxy", "app.kubernetes.io/instance": OAUTH2_PROXY},
    ports=(Port(name="http", number=4180, service=80), Port(name="metrics", number=44180)),
    service="oauth2-proxy",
    service_account="oauth2-proxy",
    grants=(Grant.SECRETS_READ,),
    secrets=lambda region: (COOKIE_SECRET, HTPASSWD_SECRET),  # noqa: ARG005  (the same names everywhere)
)
# The databases' exporters: only where a region owns one (`components_of`).
POSTGRES_EXPORTER = Component(
    name="postgres-exporter",
    release=POSTGRES_RELEASE,
    labels={"app.kubernetes.io/name": "prometheus-postgres-exporter", "app.kubernetes.io/instance": POSTGRES_RELEASE},
    ports=(Port(name="http", number=9187, service=80),),
    service="postgres-exporter",
    service_account="postgres-exporter",
    grants=(Grant.SECRETS_READ,),
    secrets=_postgres_secrets,
)
REDIS_EXPORTER = Component(
    name="redis-exporter",
    release=REDIS_RELEASE,
    labels={"app.kubernetes.io/name": "prometheus-redis-exporter", "app.kubernetes.io/instance": REDIS_RELEASE},
    ports=(Port(name="exporter-port", number=9121),),
    service="redis-exporter",
    service_account="redis-exporter",
)
REDIS_CREDENTIALS = Component(
    name="redis-credentials",
    release=REDIS_RELEASE,
    labels={"app.kubernetes.io/name": "redis-credentials", "app.kubernetes.io/instance": REDIS_RELEASE},
    ports=(),
    service_account="redis-credentials",
    grants=(Grant.SECRETS_READ,),
    secrets=_redis_secrets,
)

COMPONENTS = (
    OPERATOR,
    OPERATOR_WEBHOOK,
    PROMETHEUS,
    ALERTMANAGER,
    KUBE_STATE_METRICS,
    GRAFANA,
    NODE_EXPORTER,
    QUERY,
    QUERY_FRONTEND,
    RECEIVE_ROUTER,
    RECEIVE_INGESTOR,
    STORE_GATEWAY,
    CACHE,
    COMPACTOR,
    DRILL,
    GLOBAL_QUERY,
    GLOBAL_QUERY_FRONTEND,
    SIGN_IN,
    POSTGRES_EXPORTER,
    REDIS_EXPORTER,
    REDIS_CREDENTIALS,
)

CRD_UPGRADE = Component(
    name="kube-prometheus-stack-crds-upgrade",
    release=KUBE_PROMETHEUS_STACK,
    labels={"app.kubernetes.io/name": "crds-upgrade"},
    ports=(),
    service_account="kube-prometheus-stack-crds-upgrade",
)

JOBS = (CRD_UPGRADE,)
"""What runs to an end, as a hook before its release: it calls, and nobody calls it."""


def prometheus_pod(replica: int) -> str:
    """Name of a replica's pod, which Kubernetes also gives it as a label."""
    return f"prometheus-prometheus-{replica}"


def prometheus_claim(replica: int) -> str:
    """Name under which the operator's StatefulSet looks for a replica's claim.

    The shape is prometheus-operator's: `prometheus-<name>-db-prometheus-<name>-<ordinal>`, with the
    Prometheus resource named `prometheus` (`cleanPrometheusOperatorObjectNames`).
    """
    return f"prometheus-prometheus-db-prometheus-prometheus-{replica}"


def ingestor_pod(number: int) -> str:
    """Name of an ingestor's pod, which Query knows its copies by (`receive_replica`)."""
    return f"{RECEIVE_INGESTOR.name}-{number}"


def ingestor_claim(number: int) -> str:
    """Name under which the chart's StatefulSet looks for an ingestor's claim: `<template>-<pod>`."""
    return f"data-{ingestor_pod(number)}"


def ingestor_zone(region: Region, number: int) -> str | None:
    """The zone of an ingestor, which its claim holds it in; None in a region without zones."""
    return region.zones[number % len(region.zones)] if region.zones else None
