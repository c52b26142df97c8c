"""The cache that the parts of Thanos share: one memcached, and how they ask it.

It holds nothing that is not elsewhere. One pod, by the address of its Service: Thanos looks servers up when it starts,
and does not start where a name has no address (0.42.4, pkg/cacheutil/memcached_client.go, `resolveAddrs`). A headless
Service has none while its pods are gone, and several pods behind one address would each be asked for what another has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from monitoring.blueprint.components.workloads import CACHE
from monitoring.blueprint.releases.pod_settings import scheduling
from monitoring.blueprint.values.layers import nested
from monitoring.fleet.model import Cache, Region
from monitoring.fleet.quantities import Size

MIB = 2**20

TIMEOUT = "200ms"
"""Of a call to the cache: what it does not say by then is read from Blob."""

IDLE_CONNECTIONS = 100
CONNECTIONS = 4096
"""That it takes; each pod that asks keeps up to `IDLE_CONNECTIONS` for each of its caches."""

LARGEST_ITEM = "1MiB"
"""memcached's own default: what is larger is not cached."""

MEMORY_BESIDE = 64 * MIB
MEMORY_SHARE_BESIDE = 0.1
"""What memcached takes besides its items: connections and threads; the table of keys."""


def computed(region: Region) -> Mapping[str, Any]:
    """All that depends on the region; empty where it has no cache."""
    return nested(_values(region.thanos.cache)) if region.thanos.cache else {}


def _values(cache: Cache) -> dict[str, Any]:
    memory = f"{pod_memory(cache) // MIB}Mi"
    return {
        **scheduling(""),
        "fullnameOverride": CACHE.name,
        "serviceAccount.name": CACHE.service_account,
        "config.memoryLimit": cache.memory.amount // MIB,
        "config.maxConnections": CONNECTIONS,
        "resources": {"requests": {"cpu": "100m", "memory": memory}, "limits": {"cpu": "1", "memory": memory}},
    }


def with_cache(region: Region) -> Region:
    """The region with a cache, where it has none: what is recorded for tests has every workload."""
    cache = region.thanos.cache or Cache(memory=Size.parse("64Mi"))
    return region.model_copy(update={"thanos": region.thanos.model_copy(update={"cache": cache})})


def pod_memory(cache: Cache) -> int:
    """Bytes of the pod that keeps as much: it is full after a while, so they are requested."""
    return MEMORY_BESIDE + int(cache.memory.amount * (1 + MEMORY_SHARE_BESIDE))


def store_gateway_flags(region: Region) -> list[str]:
    """Index and chunks in the shared cache; without one, the flags' own: an index cache of 250 MB, and no chunks."""
    if region.thanos.cache is None:
        return []
    return [f"--index-cache.config={_text(_client())}", f"--store.caching-bucket.config={_text(_client())}"]


def response_cache_flag(region: Region) -> str:
    """Answers of the query-frontend, in the shared cache or in its own memory."""
    cache = _client() if region.thanos.cache else {"type": "IN-MEMORY", "config": {"max_size": "512MB"}}
    return f"--query-range.response-cache-config={_text(cache)}"


def _client() -> dict[str, Any]:
    """Keys say whose they are, so one server serves all. Nobody waits until an item is kept."""
    return {
        "type": "MEMCACHED",
        "config": {
            "addresses": [CACHE.address("memcached")],
            "timeout": TIMEOUT,
            "max_idle_connections": IDLE_CONNECTIONS,
            "max_async_concurrency": 20,
            "max_async_buffer_size": 10_000,
            "max_get_multi_concurrency": 100,
            "max_get_multi_batch_size": 100,
            "max_item_size": LARGEST_ITEM,
            "dns_provider_update_interval": "10s",
        },
    }


def _text(config: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(config), sort_keys=False).rstrip("\n")
