"""The shared cache: who has one, what its pod may take, and how Thanos is told to ask it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from monitoring.blueprint.releases import releases
from monitoring.blueprint.releases.thanos_cache import with_cache
from monitoring.fleet import Region

CLIENT = {
    "type": "MEMCACHED",
    "config": {
        "addresses": ["thanos-cache.monitoring.svc:11211"],
        "timeout": "200ms",
        "max_idle_connections": 100,
        "max_async_concurrency": 20,
        "max_async_buffer_size": 10000,
        "max_get_multi_concurrency": 100,
        "max_get_multi_batch_size": 100,
        "max_item_size": "1MiB",
        "dns_provider_update_interval": "10s",
    },
}


def values(region: Region, name: str) -> Any:
    return next((release.values for release in releases(region, ()) if release.name == name), None)


def test_only_a_region_that_says_so_has_the_cache(zoned: Region, unzoned: Region) -> None:
    assert values(zoned, "thanos-cache")
    assert values(unzoned, "thanos-cache") is None
    assert values(with_cache(unzoned), "thanos-cache")["config"]["memoryLimit"] == 64
    assert with_cache(zoned) == zoned


def test_the_pod_has_room_for_what_it_keeps_and_for_itself(zoned: Region) -> None:
    """512 MiB, a tenth of it, 64 MiB."""
    cache = values(zoned, "thanos-cache")
    assert cache["config"]["memoryLimit"] == 512
    assert cache["resources"] == {
        "requests": {"cpu": "100m", "memory": "627Mi"},
        "limits": {"cpu": "1", "memory": "627Mi"},
    }
    assert (cache["nodeSelector"], cache["replicaCount"]) == ({"workload": "monitoring"}, 1)


@pytest.mark.parametrize(
    ("part", "flag"),
    [
        ("storeGateway", "--index-cache.config"),
        ("storeGateway", "--store.caching-bucket.config"),
        ("queryFrontend", "--query-range.response-cache-config"),
    ],
)
def test_stores_and_front_ask_the_same_cache(zoned: Region, part: str, flag: str) -> None:
    (config,) = [
        text.removeprefix(f"{flag}=")
        for text in values(zoned, "thanos")[part]["extraArgs"]
        if text.startswith(f"{flag}=")
    ]
    assert yaml.safe_load(config) == CLIENT
