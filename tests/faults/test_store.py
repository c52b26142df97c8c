"""Blob gone for a while, and the compactor killed in the middle: what is in Blob afterwards, and in nothing else."""

from __future__ import annotations

import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace

import pytest

from monitoring.blueprint.components.workloads import COMPACTOR, RECEIVE_INGESTOR, STORE_GATEWAY
from monitoring.fleet import Fleet, Region
from monitoring.local.blob import AZURITE
from monitoring.processes import PATIENCE
from tests.faults.conftest import Record
from tests.faults.gate import Gate, gate
from tests.faults.outcome import COMPACTOR_POD, last_arrived, mark, outcome, raised
from tests.faults.region import Changes, Miniature, eventually, running
from tests.faults.source import counting

pytestmark = pytest.mark.faults

INGESTORS = [f"thanos-receive-ingestor-{number}" for number in range(3)]
STORE_POD = f"{STORE_GATEWAY.name}-0"
LOADED = "thanos_bucket_store_blocks_loaded"
INDEX = "index"
SOURCES = "{{.ULID}}{{range .Compaction.Sources}} {{.}}{{end}}"
CHANGES = Changes(
    store=True,
    flags={
        RECEIVE_INGESTOR.name: {"tsdb.min-block-duration": "30s", "tsdb.max-block-duration": "30s"},
        STORE_GATEWAY.name: {"sync-block-duration": "1s", "ignore-deletion-marks-delay": "0s"},
        COMPACTOR.name: {"consistency-delay": "0s", "wait-interval": "5s"},
    },
)
"""A block in half a minute (less, and Receive does not start) instead of two hours, compacted at once.

What was compacted is no longer read: at once, instead of a day later.
"""


@pytest.fixture(scope="module")
def miniature(fleet: Fleet, zoned: Region, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Miniature]:
    with counting() as source, running(fleet, zoned, tmp_path_factory.mktemp("store"), source, CHANGES) as made:
        yield made


def metric(miniature: Miniature, pod: str, name: str) -> float:
    """The sum of a metric's series on the pod's page."""
    with urllib.request.urlopen(f"{miniature.programs[pod].url}/metrics", timeout=PATIENCE) as page:  # noqa: S310  (of loopback)
        lines = page.read().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith((f"{name} ", f"{name}{{")))


def newest_of_all(miniature: Miniature) -> float:
    """When the newest sample is from (seconds since 1970)."""
    (one,) = miniature.ask("query", query="max(timestamp(up))", dedup="false")["result"]
    return float(one["value"][1])


def blob_alone(miniature: Miniature) -> None:
    """The ingestors end as the kubelet asks: they write what they hold to Blob. The store gateway then has it.

    All but the newest millisecond, which stays in their logs (docs/faults.md): so there must be a newer one than that
    of the last scrape.
    """
    newest = max(times[-1] for times in miniature.source.answered.values())
    eventually(lambda: newest_of_all(miniature) > newest, "samples that are newer than the last scrape")
    miniature.stop(*INGESTORS)
    last_arrived(miniature)


def blocks(miniature: Miniature) -> dict[str, set[str]]:
    """The blocks that are in Blob and whole, and of which blocks each was made."""
    line = [str(miniature.local_region.tool("thanos")), "tools", "bucket", "ls", "--exclude-delete"]
    line += [f"--output={SOURCES}", f"--objstore.config-file={miniature.local_region.folder / 'objstore.yaml'}"]
    lines = subprocess.run(line, check=True, capture_output=True, text=True).stdout.splitlines()
    return {block: {*sources} for block, *sources in map(str.split, lines)}


def local_blocks(miniature: Miniature, ingestor: str) -> set[str]:
    """The blocks that an ingestor has cut."""
    return {file.parent.name for file in (miniature.local_region.mounts(ingestor) / "data").glob("*/*/meta.json")}


def scraped(miniature: Miniature, times: int) -> None:
    """Until each replica has scraped so often from now on."""
    wanted = {replica: miniature.source.newest(replica) + times for replica in miniature.replicas}
    eventually(lambda: all(miniature.source.newest(one) >= number for one, number in wanted.items()), f"{wanted}")


def behind(miniature: Miniature, store: Gate) -> None:
    """The compactor begins, and reaches Blob through a gate."""
    deployed = miniature.local_region.folder / "objstore.yaml"
    through = miniature.local_region.folder / "objstore-through-gate.yaml"
    port = miniature.programs[AZURITE].port
    through.write_text(deployed.read_text("utf-8").replace(f":{port}/", f":{store.port}/"), encoding="utf-8")
    program = miniature.programs[COMPACTOR_POD]
    line = [word.replace(str(deployed), str(through)) for word in program.line]
    assert line != program.line
    miniature.programs[COMPACTOR_POD] = replace(program, line=line)
    miniature.begin(COMPACTOR_POD)
    miniature.programs[COMPACTOR_POD] = program


def test_ingestors_upload_blocks_after_a_blob_outage(miniature: Miniature, record: Record) -> None:
    miniature.kill(COMPACTOR_POD)  # the blocks are for the next test
    before = mark(miniature, "ObjectStoreUnreachable")
    miniature.kill(AZURITE)
    miniature.stop(INGESTORS[0])
    assert "the final upload failed" in miniature.log(INGESTORS[0]).read_text(encoding="utf-8")
    kept = local_blocks(miniature, INGESTORS[0])
    assert kept
    miniature.start(INGESTORS[0])
    raised(miniature, before, "ObjectStoreUnreachable")
    miniature.start(AZURITE)
    ended = miniature.restored
    eventually(lambda: kept <= {*blocks(miniature)}, "what could not be uploaded is in Blob")
    healed = time.time() - ended
    row = outcome("Blob gone", miniature, before, then=lambda: blob_alone(miniature))
    row = replace(row, healed=healed)
    record(row, "nothing lost, though an ingestor restarts meanwhile: Blob has all of it, asked without the ingestors")
    assert row.whole


def test_compactor_killed_during_upload_resumes_without_damage(miniature: Miniature, record: Record) -> None:
    """It is held between the chunks and the index of a block that it has made; then it is killed."""
    miniature.start(*INGESTORS)
    before = mark(miniature)
    scraped(miniature, 20)
    healed = 0.0

    def killed() -> None:
        nonlocal healed
        blob_alone(miniature)
        sources = blocks(miniature)
        assert len(sources) > 1
        with gate(miniature.programs[AZURITE].port, holds=f"/{INDEX}") as store:
            behind(miniature, store)
            assert store.held.wait(PATIENCE)
            miniature.kill(COMPACTOR_POD)
        assert blocks(miniature) == sources, "half a block is none"

        miniature.start(COMPACTOR_POD)
        eventually(lambda: compacted(sources, blocks(miniature)), "a block that was made of several")
        healed = time.time() - miniature.restored
        eventually(
            lambda: metric(miniature, STORE_POD, LOADED) == len(blocks(miniature)), "what was compacted is read instead"
        )

    row = outcome("the compactor killed in the middle", miniature, before, then=killed)
    row = replace(row, healed=healed)
    record(row, "nothing lost, nothing twice: half a block is none, and the next round makes it anew")
    assert row.whole
    assert metric(miniature, COMPACTOR_POD, "thanos_compact_halted") == 0


def compacted(before: dict[str, set[str]], now: dict[str, set[str]]) -> bool:
    """Whether a block is new, and made of several that were there."""
    return any(len(sources & {*before}) > 1 for block, sources in now.items() if block not in before)
