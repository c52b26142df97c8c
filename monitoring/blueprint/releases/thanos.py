"""The values of Thanos: Receive, Store Gateway, Compactor, Query."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitoring.blueprint.components.model import Component
from monitoring.blueprint.components.workloads import (
    COMPACTOR,
    DYNAMIC_STORAGE_CLASS,
    OBJECT_STORE_KEY,
    OBJECT_STORE_SECRET,
    QUERY,
    RECEIVE_INGESTOR,
    RECEIVE_ROUTER,
    STORE_GATEWAY,
    THANOS_PATH,
)
from monitoring.blueprint.releases import receive_router, request_limits, thanos_cache, tls
from monitoring.blueprint.releases.pod_settings import checksum, resources, scheduling, spread
from monitoring.blueprint.releases.store_shards import shard_flags
from monitoring.blueprint.values.charts import versions
from monitoring.blueprint.values.layers import nested
from monitoring.fleet.model import Region
from monitoring.fleet.quantities import Size

INGESTOR = "receive.ingestor"
ROUTER = "receive.router"


def computed(region: Region) -> Mapping[str, Any]:
    """All that depends on the region, or that other modules know (places, images, accounts)."""
    thanos = region.thanos
    ring = (receive_router.ring(region), thanos.receive.replication_factor)
    return nested(
        {
            "image.tag": versions().images["thanos"].tag,
            "objstoreConfig.name": OBJECT_STORE_SECRET,
            "objstoreConfig.key": OBJECT_STORE_KEY,
            **scheduling(INGESTOR, ROUTER, "storeGateway", "compact", "query", "queryFrontend"),
            **_identity(INGESTOR, RECEIVE_INGESTOR),
            **_identity("storeGateway", STORE_GATEWAY),
            **_identity("compact", COMPACTOR),
            **_volume(INGESTOR, thanos.receive.volume_size),
            **_volume("storeGateway", thanos.store_gateway.volume_size),
            **_volume("compact", thanos.compactor.volume_size),
            "receive.replicationFactor": thanos.receive.replication_factor,
            "receive.retention": thanos.receive.retention.prometheus,
            "receive.ingestor.replicas": thanos.receive.replicas,
            "receive.ingestor.resources": resources(thanos.receive.resources),
            # hard: two copies of a sample in one zone would not survive that zone
            "receive.ingestor.topologySpreadConstraints": spread(region, hard=True),
            "receive.ingestor.extraArgs": ingestor_flags(region),
            # routers read the ring once, from a file mounted by subPath
            "receive.router.podAnnotations": {
                "oversight.com/hashring": checksum(ring),
                **tls.restart_with_trust(region),
            },
            "receive.router.serviceAccount": {"create": False, "name": RECEIVE_ROUTER.service_account},
            "receive.router.extraArgs": router_flags(),
            **tls.mounted(RECEIVE_ROUTER, prefix=ROUTER),
            "receive.router.topologySpreadConstraints": spread(region, hard=False),
            "storeGateway.replicas": thanos.store_gateway.replicas,
            "storeGateway.resources": resources(thanos.store_gateway.resources),
            "storeGateway.extraArgs": store_gateway_flags(region),
            "storeGateway.topologySpreadConstraints": spread(region, hard=False),
            "compact.resources": resources(thanos.compactor.resources),
            "compact.extraArgs": compactor_flags(region),
            "query.extraArgs": query_flags(),
            "query.podAnnotations": tls.restart_with_trust(region),
            **tls.mounted(QUERY, prefix="query"),
            "query.topologySpreadConstraints": spread(region, hard=False),
            "queryFrontend.extraArgs": query_frontend_flags(region),
            "queryFrontend.topologySpreadConstraints": spread(region, hard=False),
        }
    )


def ingestor_flags(region: Region) -> list[str]:
    """The head takes samples as late as the outage window, and none from the future.

    `region` lets Query leave other regions' questions alone. It is not `cluster`: an external label wins over
    a series' own, and would overwrite what federated series say.
    """
    return [
        f"--tsdb.out-of-order.time-window={region.thanos.outage_window.prometheus}",
        "--tsdb.too-far-in-future.time-window=5m",  # 0s, the default, lets one future sample block a tenant
        f'--label=region="{region.location}"',
    ]


def router_flags() -> list[str]:
    """Who writes shows a certificate. From router to ingestors it goes by plain gRPC, behind policies."""
    return [
        "--receive.hashrings-algorithm=ketama",  # the default, hashmod, moves nearly every series when the ring grows
        *request_limits.of_router(),
        *tls.served("remote-write.server"),
    ]


def query_flags() -> list[str]:
    """Query's gRPC is for other regions' global views, which show a certificate; its own region asks by HTTP."""
    return [
        "--query.auto-downsampling",
        "--query.timeout=2m",
        "--store.response-timeout=30s",  # a store that hangs is left out, and the answer says so
        f"--web.external-prefix={THANOS_PATH}",  # oauth2-proxy and the query-frontend hand the path on
        *tls.served("grpc-server"),
    ]


def store_gateway_flags(region: Region) -> list[str]:
    """What one call may take, which blocks each pod has, and where it caches what it has read."""
    return [
        *request_limits.of_store_gateway(region),
        *shard_flags(region.thanos.store_gateway.replicas),
        *thanos_cache.store_gateway_flags(region),
    ]


def query_frontend_flags(region: Region) -> list[str]:
    """How a query is divided, and where answers are kept."""
    return [
        "--query-range.split-interval=24h",
        # no second try: a query that a Query dies of would go on to the other one, five times
        "--query-range.max-retries-per-request=1",
        "--query.max-retries-per-request=1",
        "--labels.max-retries-per-request=1",
        "--query-frontend.compress-responses",
        thanos_cache.response_cache_flag(region),
    ]


def compactor_flags(region: Region) -> list[str]:
    """How long Blob keeps each resolution; blocks marked for deletion stay two days for readers under way."""
    keep = region.thanos.retention
    return [
        f"--retention.resolution-raw={keep.raw.prometheus}",
        f"--retention.resolution-5m={keep.five_minutes.prometheus}",
        f"--retention.resolution-1h={keep.one_hour.prometheus}",
        "--delete-delay=48h",
    ]


def _identity(prefix: str, component: Component) -> dict[str, Any]:
    """Terraform makes the account, with the client id that only it knows."""
    return {
        f"{prefix}.serviceAccount": {"create": False, "name": component.service_account},
        f"{prefix}.podLabels": {"azure.workload.identity/use": "true"},
    }


def _volume(prefix: str, size: Size) -> dict[str, Any]:
    return {
        f"{prefix}.persistence.enabled": True,
        f"{prefix}.persistence.storageClass": DYNAMIC_STORAGE_CLASS,
        f"{prefix}.persistence.size": size.kubernetes,
    }
