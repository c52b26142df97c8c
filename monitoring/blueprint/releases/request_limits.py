"""What one query and one write may take, so that a heavy one cannot stop the others: each value once, with its reason.

What a query may hold is what `load` of the region's file says, which the memory is sized for (docs/capacity.md).
Where no limit exists, docs/attacks.md says so.
"""

from __future__ import annotations

from collections.abc import Mapping

import yaml

from monitoring.fleet.model import Region

QUERY_TIMEOUT = "1m"
"""Of a query of Prometheus, half its default. Rules wait in the same queue as people's queries: no longer than this."""

SAMPLES_PER_SEND = 5000
"""Samples in one request of a sender."""

REQUEST_ITEMS = 2 * SAMPLES_PER_SEND
"""Series, and samples, that the router takes in one request: twice what our senders put into one. Over it, 413."""

REQUEST_BYTES = 32 * 2**20
"""Bytes of a request, as it is sent and unpacked: 6 kB for each series of a full one, whose labels take less than 1."""

SELECTED_SAMPLES = 10
"""How many times `samples_per_query` a selector may fetch from Blob: packed, a sample is a tenth as large."""


def of_prometheus(region: Region) -> Mapping[str, object]:
    """The Prometheus resource's `query`. Its defaults, 20 queries of 50 million samples, need more than any pod has."""
    return {
        "maxConcurrency": region.load.concurrent_queries,
        "maxSamples": region.load.samples_per_query,
        "timeout": QUERY_TIMEOUT,
    }


def of_store_gateway(region: Region) -> list[str]:
    """Flags of the store gateway, for one call of Query's: it asks once for each selector.

    More calls than queries are expected at once wait: each holds what it reads until it ends (docs/capacity.md).
    A series counts once in every block that it is read of.

    Two replicas bring each series twice: all that a region has is twice this many, and nobody needs half of it at once.
    Receive and Query have the same flags, and do not see what they count: Query asks for series in batches, and the
    limit looks at single ones (Thanos 0.42.4, pkg/store/limiter.go, `limitedServer.Send`).
    """
    return [
        f"--store.grpc.series-max-concurrency={region.load.concurrent_queries}",
        f"--store.limits.request-series={region.load.active_series}",
        f"--store.limits.request-samples={region.load.samples_per_query * SELECTED_SAMPLES}",
    ]


def of_router() -> list[str]:
    """Flags of Receive's routers.

    Without `max_concurrency`: its gate is passed before the body is read, and nothing ends a slow body (pkg/receive/
    handler.go, `receiveHTTP`), so as many slow senders would stop all the others.
    """
    request = {"size_bytes_limit": REQUEST_BYTES, "series_limit": REQUEST_ITEMS, "samples_limit": REQUEST_ITEMS}
    limits = {"write": {"default": {"request": request}}}
    return [f"--receive.limits-config={yaml.safe_dump(limits, sort_keys=False)}"]
