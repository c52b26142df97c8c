"""Limits of one query and one write are deployed, and follow from the load that the memory is sized for."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from monitoring.blueprint.releases import releases
from monitoring.blueprint.releases.request_limits import REQUEST_ITEMS
from monitoring.fleet import Fleet, Region


def values(region: Region, release: str, fleet: Fleet | None = None) -> Any:
    peers = fleet.peers_of(region) if fleet else ()
    return next(one.values for one in releases(region, peers) if one.name == release)


def test_prometheus_query_limits_match_its_memory(zoned: Region) -> None:
    spec = values(zoned, "kube-prometheus-stack")["prometheus"]["prometheusSpec"]
    assert (spec["query"]["maxConcurrency"], spec["query"]["maxSamples"]) == (4, 1_000_000)


def test_the_store_gateway_hands_out_half_of_a_region_at_most(zoned: Region) -> None:
    flags = values(zoned, "thanos")["storeGateway"]["extraArgs"]
    assert flags[:3] == [
        "--store.grpc.series-max-concurrency=4",
        "--store.limits.request-series=40000",
        "--store.limits.request-samples=10000000",
    ]


def test_router_limits_are_twice_the_size_of_a_remote_write_request(zoned: Region) -> None:
    (flag,) = (
        one.partition("=")[2]
        for one in values(zoned, "thanos")["receive"]["router"]["extraArgs"]
        if one.startswith("--receive.limits-config=")
    )
    request = yaml.safe_load(flag)["write"]["default"]["request"]
    (queue,) = values(zoned, "kube-prometheus-stack")["prometheus"]["prometheusSpec"]["remoteWrite"]
    assert request["series_limit"] == request["samples_limit"] == REQUEST_ITEMS
    assert 2 * queue["queueConfig"]["maxSamplesPerSend"] == REQUEST_ITEMS
    assert "global" not in yaml.safe_load(flag)["write"], "a gate that slow senders would fill"


@pytest.mark.parametrize("release", ["thanos", "thanos-global"])
def test_query_frontend_has_no_retries(fleet: Fleet, zoned: Region, release: str) -> None:
    flags = values(zoned, release, fleet)["queryFrontend"]["extraArgs"]
    for kind in ("query", "query-range", "labels"):
        assert f"--{kind}.max-retries-per-request=1" in flags
