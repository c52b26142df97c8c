"""Shards of the store gateway: the flag as Thanos reads it, and who has which blocks while their number changes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from monitoring.blueprint.releases import releases
from monitoring.blueprint.releases.store_shards import shard_flags, shards
from monitoring.fleet import Region
from tests.fleet.changed import at, changed

FLAG = "--selector.relabel-config="
OF_FOUR = """\
- action: hashmod
  source_labels:
  - __block_id
  target_label: shard
  modulus: 2
- action: keep
  source_labels:
  - shard
  - shard
  separator: ' thanos-store-gateway-0=0 thanos-store-gateway-1=1 thanos-store-gateway-2=0 thanos-store-gateway-3=1 '
  regex: 0 .*$(NAME)=0 .*|1 .*$(NAME)=1 .*
"""
HASHES = 27_720
"""Of a block each: a multiple of every number of shards up to twelve."""


def blocks(pod: int, replicas: int) -> set[int]:
    """Which hashes the pod keeps, by the rules of its flag."""
    flags = shard_flags(replicas)
    if not flags:
        return {*range(HASHES)}
    hashmod, keep = yaml.safe_load(flags[0].removeprefix(FLAG))
    expression = keep["regex"].replace("$(NAME)", f"thanos-store-gateway-{pod}")
    kept = {
        shard
        for shard in range(hashmod["modulus"])
        if re.fullmatch(expression, keep["separator"].join([str(shard)] * len(keep["source_labels"])))
    }
    return {one for one in range(HASHES) if one % hashmod["modulus"] in kept}


@pytest.mark.parametrize("replicas", [2, 3])
def test_up_to_three_pods_have_all_blocks_each(replicas: int) -> None:
    assert shard_flags(replicas) == []
    assert shards(replicas) == 1


def test_four_pods_have_two_shards() -> None:
    assert shard_flags(4) == [FLAG + OF_FOUR]
    assert [shards(replicas) for replicas in (4, 5, 6, 12)] == [2, 2, 3, 6]


@pytest.mark.parametrize("replicas", range(2, 13))
def test_every_block_is_on_two_pods_or_three(replicas: int) -> None:
    having = [blocks(pod, replicas) for pod in range(replicas)]
    copies = [sum(one in kept for kept in having) for one in range(HASHES)]
    assert min(copies) >= 2
    assert max(copies) <= 3


def rolled(before: int, after: int) -> bool:
    """Whether every block is read by a pod that is up, at each step of the StatefulSet's change.

    Pods above the new number go first; then those that stay restart, the highest first (Kubernetes, StatefulSet,
    rolling update). A new pod is there before an old one restarts.
    """
    running: Mapping[int, set[int]] = {
        **{pod: blocks(pod, after) for pod in range(before, after)},
        **{pod: blocks(pod, before) for pod in range(min(before, after))},
    }
    for restarting in reversed(range(min(before, after))):
        up = [kept for pod, kept in running.items() if pod != restarting]
        if {*range(HASHES)} != {*()}.union(*up):
            return False
        running = {**running, restarting: blocks(restarting, after)}
    return True


@pytest.mark.parametrize("before", range(2, 12))
def test_no_block_is_unread_while_pods_are_added_or_one_is_taken_away(before: int) -> None:
    assert all(rolled(before, after) for after in range(before + 1, 13))
    assert rolled(before + 1, before)


@pytest.mark.parametrize(("before", "after"), [(4, 2), (6, 4), (12, 6)])
def test_blocks_are_unread_for_a_while_where_half_of_a_shard_and_more_is_taken_away(before: int, after: int) -> None:
    assert not rolled(before, after)


def test_the_deployed_gateways_have_the_flag_of_their_number(zoned: Region) -> None:
    wider = changed(at("thanos.store_gateway.replicas", 4), of=zoned.name)
    expected: list[tuple[Region, list[str]]] = [(zoned, []), (wider, [FLAG + OF_FOUR])]
    for region, flag in expected:
        values: Any = next(release.values for release in releases(region, ()) if release.name == "thanos")
        given = values["storeGateway"]["extraArgs"]
        assert [one for one in given if one.startswith(FLAG)] == flag
