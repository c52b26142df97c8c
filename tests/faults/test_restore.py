"""Blocks that are deleted or harmed in Blob, and brought back as docs/restore.md says: samples counted in between.

Azurite has no soft delete: the test keeps what is deleted, as the soft delete would, and writes it back by name, as
`az storage blob undelete` does. What is asked is Blob alone: the ingestors have ended.
"""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import pytest
import yaml

from monitoring.drill.blocks import Fault
from monitoring.drill.plan import Plan, Promise
from monitoring.drill.run import drill
from monitoring.fleet import Fleet, Region
from monitoring.processes import stop
from tests.faults import counts
from tests.faults.blobs import Blobs, cannot_undelete
from tests.faults.conftest import Record
from tests.faults.outcome import COMPACTOR_POD, found, mark, outcome
from tests.faults.region import Miniature, eventually, running
from tests.faults.source import COUNTER, counting
from tests.faults.test_store import (
    CHANGES,
    INGESTORS,
    LOADED,
    STORE_POD,
    blob_alone,
    blocks,
    compacted,
    local_blocks,
    metric,
)

pytestmark = pytest.mark.faults

META, INDEX, CHUNKS = "meta.json", "index", "chunks/000001"
SHIPPED = "thanos.shipper.json"
"""Which of its blocks an ingestor has uploaded; without it, it looks into Blob for each."""

BLOCKS_OF_EACH = 3
LONGER_THAN_A_RUN = 86400.0
SEED = 14


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A region whose samples are in Blob alone, and which scrapes were `written` until then."""

    miniature: Miniature
    blobs: Blobs
    written: counts.Numbers

    @property
    def total(self) -> int:
        return sum(map(len, self.written.values()))

    def missing(self) -> int:
        """How many of the scrapes Query does not find."""
        return sum(map(len, counts.lost(self.written, found(self.miniature)).values()))

    def noticed(self) -> set[Fault]:
        """What the drill finds: it judges blocks alone, since a run is shorter than its windows of two hours."""
        resolutions = ("raw", "five_minutes", "one_hour")
        promise = Promise(
            recovery_point=dict.fromkeys(resolutions, LONGER_THAN_A_RUN),
            retention=dict.fromkeys(resolutions, LONGER_THAN_A_RUN),
        )
        folder = self.miniature.local_region
        objstore = yaml.safe_load((folder.folder / "objstore.yaml").read_text("utf-8"))
        plan = Plan(series=COUNTER, interval=1, promise=promise)
        report = drill(objstore, plan, thanos=str(folder.tool("thanos")), now=time.time())
        return {finding.kind for finding in report.findings}

    def files(self, block: str) -> list[str]:
        """The names of a block's blobs."""
        return [name for name in self.blobs.names() if name.startswith(f"{block}/")]

    def thanos(self, *line: str) -> str:
        """What `thanos tools bucket …` says of the region's container."""
        folder = self.miniature.local_region
        objstore = f"--objstore.config-file={folder.folder / 'objstore.yaml'}"
        done = subprocess.run(
            [str(folder.tool("thanos")), "tools", "bucket", *line, objstore],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-1000:]
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def miniature(fleet: Fleet, zoned: Region, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Miniature]:
    with counting() as source, running(fleet, zoned, tmp_path_factory.mktemp("restore"), source, CHANGES) as made:
        made.stop(COMPACTOR_POD)
        yield made


def stored(miniature: Miniature) -> Stored:
    config = yaml.safe_load((miniature.local_region.folder / "objstore.yaml").read_text("utf-8"))
    written = {replica: miniature.source.written(replica) for replica in miniature.source.answered}
    return Stored(miniature=miniature, blobs=Blobs.of(config), written=written)


def with_blocks(miniature: Miniature) -> None:
    """Until each ingestor has so many blocks in Blob."""
    eventually(
        lambda: all(len(local_blocks(miniature, one) & {*blocks(miniature)}) >= BLOCKS_OF_EACH for one in INGESTORS),
        f"{BLOCKS_OF_EACH} blocks of each ingestor in Blob",
        patience=600,
    )


def restored(miniature: Miniature, record: Record, *, fault: str, then: Callable[[Stored], str]) -> None:
    """Blob alone is harmed and brought back: a row of the table, of all samples so far, of which none is lost."""
    before = replace(mark(miniature), written=dict.fromkeys(miniature.replicas, 0))
    said, healed = "", 0.0

    def harmed() -> None:
        nonlocal said, healed
        blob_alone(miniature)
        here = stored(miniature)
        assert here.missing() == 0
        assert here.noticed() == set()
        said = then(here)
        ended = time.time()
        eventually(lambda: here.missing() == 0, "all samples again")
        healed = time.time() - ended
        assert here.noticed() == set(), "the drill is content again"

    row = outcome(fault, miniature, before, ended=time.time(), then=harmed)
    row = replace(row, healed=healed)
    record(row, said)
    assert row.whole
    miniature.start(*INGESTORS)


def gone(here: Stored, what: Mapping[str, bytes], *, noticed: Fault) -> int:
    """How many samples are missing while blobs are deleted, which the drill notices; then these are brought back."""
    eventually(lambda: here.missing() > 0, "samples are missing")
    missing = here.missing()
    assert noticed in here.noticed()
    here.blobs.restore(what)
    return missing


def test_every_tenth_block_deleted_at_random_and_brought_back(miniature: Miniature, record: Record) -> None:
    """Before compaction each sample is in Blob three times, so it takes all three copies to lose one."""
    with_blocks(miniature)

    def harm(here: Stored) -> str:
        every = sorted(blocks(miniature))
        chosen = random.Random(SEED).sample(every, max(len(every) // 10, 1))  # noqa: S311
        names = [name for block in chosen for name in here.files(block)]
        kept = here.blobs.delete(names)
        assert cannot_undelete(here.blobs, names[0]), "Azurite undeletes now: let the test do it that way"
        eventually(lambda: {*blocks(miniature)} == {*every} - {*chosen}, "the blocks are gone")
        eventually(lambda: loaded(miniature) == len(every) - len(chosen), "the store gateway knows")
        assert here.missing() == 0
        rest = here.blobs.delete(name for name in here.blobs.names() if name not in kept and is_of_a_block(name))
        missing = gone(here, {**kept, **rest}, noticed=Fault.NO_BLOCKS)
        assert missing == here.total
        return (
            f"{len(chosen)} of {len(every)} blocks gone: 0 of {here.total} scrapes missing, since two copies are left; "
            f"all blocks gone: {missing} missing; brought back: 0"
        )

    restored(miniature, record, fault="blocks deleted, undeleted", then=harm)


def test_ingestors_bring_their_blocks_again_where_nothing_can_be_undeleted(
    miniature: Miniature, record: Record
) -> None:
    def harm(here: Stored) -> str:
        here.blobs.delete([name for name in here.blobs.names() if is_of_a_block(name)])
        eventually(lambda: here.missing() == here.total, "all samples are missing")
        assert Fault.NO_BLOCKS in here.noticed()
        miniature.start(*INGESTORS)
        eventually(lambda: here.missing() == 0, "the samples, which the ingestors have on their volumes")
        before = {*blocks(miniature)}
        ours = {one: local_blocks(miniature, one) for one in INGESTORS}
        assert not before & set().union(*ours.values()), "what was uploaded once is not uploaded again"
        for one in INGESTORS:
            (file,) = (miniature.local_region.mounts(one) / "data").glob(f"*/{SHIPPED}")
            file.unlink()
        eventually(lambda: set().union(*ours.values()) <= {*blocks(miniature)}, "the blocks are in Blob again")
        miniature.stop(*INGESTORS)
        return f"all blocks gone: {here.total} of {here.total} scrapes missing; brought again by the ingestors: 0"

    restored(miniature, record, fault="container emptied, ingestors upload again", then=harm)


def test_compacted_block_without_index_and_with_a_short_chunk_file_is_brought_back(
    miniature: Miniature, record: Record
) -> None:
    def harm(here: Stored) -> str:
        sources = blocks(miniature)
        miniature.start(COMPACTOR_POD)
        eventually(lambda: compacted(sources, blocks(miniature)), "a block that was made of several")
        # ended in the middle of the next compaction, Thanos 0.42.4 halts, and waits for the kubelet to kill it
        stop([miniature.processes[COMPACTOR_POD]], patience=10)
        now = blocks(miniature)
        eventually(lambda: loaded(miniature) == len(now), "what was compacted is read instead")
        block = max(now, key=lambda one: len(now[one]))
        said = [without_index := gone(here, here.blobs.delete([f"{block}/{INDEX}"]), noticed=Fault.MISSING_FILE)]
        eventually(lambda: here.missing() == 0, "all samples again")
        content = here.blobs.read(f"{block}/{CHUNKS}")
        here.blobs.write(f"{block}/{CHUNKS}", content[: len(content) // 2])
        said.append(gone(here, {f"{block}/{CHUNKS}": content}, noticed=Fault.WRONG_SIZE))
        assert 0 < said[1] <= without_index
        return (
            f"without its index: {said[0]} of {here.total} scrapes missing; with half of its chunks: {said[1]}; "
            "brought back: 0"
        )

    restored(miniature, record, fault="a compacted block without index, and cut short", then=harm)


def test_block_that_was_marked_is_deleted_for_good_unless_the_mark_goes_first(
    miniature: Miniature, record: Record
) -> None:
    """A block that the compactor deleted comes back with its mark, which is old: it would go again at once."""

    def harm(here: Stored) -> str:
        every = sorted(blocks(miniature))
        kept = {name: here.blobs.read(name) for block in every for name in here.files(block)}
        marker = "--marker=deletion-mark.json"
        ids = [f"--id={block}" for block in every]
        here.thanos("mark", *ids, marker, "--details=by mistake")
        marks = {name: here.blobs.read(name) for name in here.blobs.names() if name.endswith("/deletion-mark.json")}
        cleanup = ("cleanup", "--delete-delay=0s", "--consistency-delay=0s")
        here.thanos(*cleanup)
        assert not [name for name in here.blobs.names() if is_of_a_block(name)]
        eventually(lambda: here.missing() == here.total, "all samples are missing")
        here.blobs.restore({**kept, **marks})
        here.thanos(*cleanup)
        assert not [name for name in here.blobs.names() if is_of_a_block(name)], "the old mark counts"
        here.blobs.restore({**kept, **marks})
        here.thanos("mark", *ids, marker, "--remove", "--details=brought back")
        here.thanos(*cleanup)
        return f"marked and cleaned up: {here.total} of {here.total} scrapes missing; brought back, mark removed: 0"

    restored(miniature, record, fault="blocks deleted by the compactor", then=harm)


def is_of_a_block(name: str) -> bool:
    """Whether a blob is one of a block's, and not the compactor's notes."""
    return name.endswith((META, INDEX)) or "/chunks/" in name


def loaded(miniature: Miniature) -> float:
    """How many blocks the store gateway has."""
    return metric(miniature, STORE_POD, LOADED)
