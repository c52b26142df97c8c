"""Real store gateways that divide the blocks answer as one does, and lack what a lost shard had."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from monitoring.blueprint.components.workloads import STORE_GATEWAY
from monitoring.blueprint.releases.store_shards import shard_flags
from monitoring.processes import stop
from tests.stack.processes import eventually
from tests.stack.stores import BLOCKS, SAMPLES, Answer, Stores, ask, query, write_bucket

pytestmark = pytest.mark.stack

PODS = 4
SHARDS = ((0, 2), (1, 3))
"""Pods by shard."""


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    folder = tmp_path_factory.mktemp("stores")
    made = Stores(folder=folder, bucket=write_bucket(folder))
    try:
        made.begin("alone")
        for pod in range(PODS):
            made.begin(f"{STORE_GATEWAY.name}-{pod}", shard_flags(PODS))
        yield made
    finally:
        stop([*made.processes.values()])


def test_sharded_stores_answer_as_one_does_and_lack_what_a_lost_shard_had(stores: Stores) -> None:
    sharded = [f"{STORE_GATEWAY.name}-{pod}" for pod in range(PODS)]
    had = [stores.loaded(pod) for pod in range(PODS)]
    assert [had[0], had[1]] == [had[2], had[3]]
    assert had[0] + had[1] == BLOCKS
    assert min(had) > 0
    with ExitStack() as stack:
        alone, divided = query(stack, stores, "alone"), query(stack, stores, *sharded)
        whole = ask(alone)
        assert len(whole.samples) == SAMPLES
        assert ask(divided) == whole

        stores.kill(SHARDS[0][0], SHARDS[1][1])
        eventually(lambda: not ask(divided).warnings)
        assert ask(divided) == whole

        stores.kill(SHARDS[0][1])
        left = eventually(lambda: without_warnings(divided))
        assert left.samples < whole.samples
        assert len(left.samples) == SAMPLES * had[1] // BLOCKS

        stores.again(sharded[SHARDS[0][1]])
        eventually(lambda: ask(divided) == whole)


def without_warnings(port: int) -> Answer | None:
    """The answer, once Query has left out a store that does not answer: then nothing says what is missing."""
    answer = ask(port)
    assert answer.samples, "the other shard is there"
    return None if answer.warnings else answer
