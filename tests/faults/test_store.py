"""Blob gone for a while, and the compactor killed in the middle: what is in Blob afterwards, and in nothing else."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Iterator

import pytest

from monitoring.blueprint.components import COMPACTOR, RECEIVE_INGESTOR, STORE_GATEWAY
from monitoring.fleet import Fleet, Region
from monitoring.local.blob import AZURITE
from tests.faults.conftest import Record
from tests.faults.outcome import COMPACTOR_POD, last_arrived, mark, outcome
from tests.faults.region import Changes, Miniature, eventually, running
from tests.faults.source import counting

pytestmark = pytest.mark.faults

INGESTORS = [f"thanos-receive-ingestor-{number}" for number in range(3)]
CHANGES = Changes(
    store=True,
    flags={
        RECEIVE_INGESTOR.name: {"tsdb.min-block-duration": "30s", "tsdb.max-block-duration": "30s"},
        STORE_GATEWAY.name: {"sync-block-duration": "1s"},
        COMPACTOR.name: {"consistency-delay": "0s", "wait-interval": "5s"},
    },
)
"""A block in half a minute (less, and Receive does not start) instead of two hours; read and compacted at once."""


@pytest.fixture(scope="module")
def miniature(fleet: Fleet, zoned: Region, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Miniature]:
    with counting() as source, running(fleet, zoned, tmp_path_factory.mktemp("store"), source, CHANGES) as made:
        yield made


def metric(miniature: Miniature, pod: str, name: str) -> float:
    """The sum of a metric's series on the pod's page."""
    with urllib.request.urlopen(f"{miniature.parts[pod].url}/metrics", timeout=10) as page:  # noqa: S310  (of loopback)
        lines = page.read().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith((f"{name} ", f"{name}{{")))


def blob_alone(miniature: Miniature) -> None:
    """The ingestors end as the kubelet asks: they write what they hold to Blob. The store gateway then has it."""
    miniature.stop(*INGESTORS)
    last_arrived(miniature)


def test_without_blob_the_ingestors_keep_it_and_bring_it_later(miniature: Miniature, record: Record) -> None:
    miniature.kill(COMPACTOR_POD)  # the blocks are for the next test
    before = mark(miniature)
    miniature.kill(AZURITE)
    miniature.stop(INGESTORS[0])
    assert "the final upload failed" in miniature.log(INGESTORS[0]).read_text(encoding="utf-8")
    miniature.start(INGESTORS[0])
    time.sleep(15)
    miniature.start(AZURITE)
    row = outcome("Blob gone", miniature, before, lambda: blob_alone(miniature))
    record(row, "nothing lost, though an ingestor restarts meanwhile: Blob has all of it, asked without the ingestors")
    assert row.whole
    assert "ObjectStoreUnreachable" in row.alerts


def test_a_compactor_killed_in_the_middle_harms_no_block(miniature: Miniature, record: Record) -> None:
    miniature.start(*INGESTORS)
    before = mark(miniature)
    time.sleep(12)

    def compacted() -> None:
        blob_alone(miniature)
        work = miniature.place.mounts(COMPACTOR_POD) / "data" / "compact"
        miniature.begin(COMPACTOR_POD)
        eventually(lambda: [*work.glob("*/*/meta.json")], "a block is being compacted", pause=0.005)
        miniature.kill(COMPACTOR_POD)
        assert [*work.glob("*/*")]
        miniature.start(COMPACTOR_POD)
        # whether it was killed before or after its upload, the rounds that follow put it right
        eventually(lambda: metric(miniature, COMPACTOR_POD, "thanos_compact_iterations_total") > 1, "rounds")

    row = outcome("the compactor killed in the middle", miniature, before, compacted)
    record(row, "nothing lost, nothing twice, and the compactor goes on by itself")
    assert row.whole
    assert metric(miniature, COMPACTOR_POD, "thanos_compact_halted") == 0
