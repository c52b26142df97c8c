"""The values of the global view: a Thanos Query over the Query of every region, with a query frontend.

It asks regions, never another global view: two regions may hold one, and there is no circle. docs/regions.md says
what is left of an answer when a region is gone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from monitoring.blueprint.components.names import query_host
from monitoring.blueprint.components.workloads import GLOBAL_PATH, GLOBAL_QUERY, QUERY
from monitoring.blueprint.releases import tls
from monitoring.blueprint.releases.pod_settings import scheduling, spread
from monitoring.blueprint.values.charts import versions
from monitoring.blueprint.values.layers import nested
from monitoring.fleet.model import Peer, Region

ANSWER_WITHIN = 10
"""Seconds until whoever asks has an answer, also while a region is slow or gone."""

REGION_TIMEOUT = 4
"""Seconds that one region may take, connecting included; what it has not said by then is missing, and marked.

Query begins with the regions one after another, and until a connection has failed for the first time it waits at the
lost one (pkg/store/proxy.go, `ProxyStore.Series`). So a lost region and a slow one add up, and must stay below
`ANSWER_WITHIN`.
"""

QUERY_TIMEOUT = "1m"
"""Nothing waits for it: regions are cut off long before. It ends a query that is too heavy, as an error."""

SELECTS_AT_ONCE = 32
"""Selectors of one query that are asked for at the same time. Thanos' own 4 would wait for a slow region in rounds."""


def computed(region: Region, peers: Sequence[Peer]) -> Mapping[str, Any]:
    """All that depends on the fleet, or that other modules know (places, images, certificates)."""
    return nested(
        {
            "image.tag": versions().images["thanos"].tag,
            **scheduling("query", "queryFrontend"),
            "query.extraArgs": query_flags(region, peers),
            "query.podAnnotations": tls.restart_with_trust(region),
            **tls.mounted(GLOBAL_QUERY, prefix="query"),
            "query.topologySpreadConstraints": spread(region, hard=False),
            "queryFrontend.topologySpreadConstraints": spread(region, hard=False),
        }
    )


def query_flags(region: Region, peers: Sequence[Peer]) -> list[str]:
    """Whom it asks, for how long, and where it stands under the region's host."""
    return [
        "--query.auto-downsampling",
        f"--query.timeout={QUERY_TIMEOUT}",
        f"--query.max-concurrent-select={SELECTS_AT_ONCE}",
        f"--web.external-prefix={GLOBAL_PATH}",  # oauth2-proxy and the query-frontend hand the path on
        f"--endpoint.sd-config={yaml.safe_dump({'endpoints': list(endpoints(region, peers))}, sort_keys=False)}",
    ]


def endpoints(region: Region, peers: Sequence[Peer]) -> Iterator[dict[str, Any]]:
    """The Query of every region, as `--endpoint.sd-config` lists it: its own by its Service, others by their names."""
    port = QUERY.port("grpc").number
    yield _endpoint(QUERY.address("grpc"), server_name=QUERY.host)
    for peer in peers:
        host = query_host(peer.name, region.fleet.private_dns_zone)
        yield _endpoint(f"{host}:{port}", server_name=host)


def _endpoint(address: str, *, server_name: str) -> dict[str, Any]:
    """One region.

    `address` has no `dns+`: Thanos ignores `client_config` there, and would speak without TLS (cmd/thanos/
    endpointset.go). `strict`: without it, a region that misses a health check is left out and no answer says so
    (pkg/query/endpointset.go, `isQueryable`). `group`: only there does Thanos take a service configuration of gRPC, and
    with it the one timeout that holds for every kind of call, from connecting to the last series.
    """
    return {
        "address": address,
        "strict": True,
        "group": True,
        "service_config": json.dumps({"methodConfig": [{"name": [{}], "timeout": f"{REGION_TIMEOUT}s"}]}),
        "client_config": {"server_name": server_name, "tls_config": tls.client_files()},
    }
