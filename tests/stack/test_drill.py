"""The drill on real blocks, with the real Thanos: what it counts, and what it finds when blocks are harmed."""

from __future__ import annotations

import base64
import json
import random
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from monitoring.drill.plan import Plan, Promise
from monitoring.drill.run import Report, drill
from monitoring.local.blob import command_line, install
from tests.stack.processes import free_ports, running, tool

pytestmark = pytest.mark.stack

HOUR, DAY = 3600, 86400
BEGIN = 1764806400
"""Where a block of fourteen days begins."""
KEPT = {"raw": 30.0 * DAY, "five_minutes": 180.0 * DAY, "one_hour": 730.0 * DAY}
NEVER = 9000.0 * DAY
PROMISE = Promise(recovery_point={"raw": 4.0 * HOUR, "five_minutes": 3.0 * DAY, "one_hour": 17.0 * DAY}, retention=KEPT)
RAW_ALONE = Promise(recovery_point={"raw": 4.0 * HOUR, "five_minutes": NEVER, "one_hour": NEVER}, retention=KEPT)
SERIES = 'up{job="prometheus"}'


def folder(bucket: Path) -> dict[str, Any]:
    return {"type": "FILESYSTEM", "config": {"directory": str(bucket)}}


def thanos(*line: str) -> None:
    done = subprocess.run([tool("thanos"), *line], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-1000:]


def made_of(scratch: Path, *, seconds: int, block: str) -> Path:
    """A bucket with a sample a minute of two Prometheus replicas, in blocks of one ingestor."""
    lines = ["# TYPE up gauge"]
    for replica in ("a", "b"):
        labels = f'{{job="prometheus",prometheus_replica="{replica}"}}'
        lines += [f"up{labels} 1 {at}" for at in range(BEGIN, BEGIN + seconds, 60)]
    text, blocks, bucket = scratch / "up.txt", scratch / "blocks", scratch / "bucket"
    text.write_text("\n".join([*lines, "# EOF\n"]))
    bucket.mkdir()
    line = [tool("promtool"), "tsdb", "create-blocks-from", "openmetrics", f"--max-block-duration={block}", "-q"]
    subprocess.run([*line, str(text), str(blocks)], check=True, stdout=subprocess.DEVNULL)
    external = {"tenant_id": "default-tenant", "receive_replica": "0", "region": "eastus"}
    thanos(
        *("tools", "bucket", "upload-blocks", f"--path={blocks}", f"--objstore.config={json.dumps(folder(bucket))}"),
        *(f'--label={name}="{value}"' for name, value in external.items()),
    )
    return bucket


@pytest.fixture(scope="module")
def compacted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four weeks and six hours, compacted and downsampled by the real compactor."""
    scratch = tmp_path_factory.mktemp("compacted")
    bucket = made_of(scratch, seconds=28 * DAY + 6 * HOUR, block="6h")
    (port,) = free_ports(1)
    thanos(
        *("compact", f"--data-dir={scratch / 'compact'}", f"--objstore.config={json.dumps(folder(bucket))}"),
        *("--consistency-delay=0s", "--compact.enable-vertical-compaction", f"--http-address=127.0.0.1:{port}"),
        *("--deduplication.replica-label=receive_replica", "--delete-delay=0s"),
    )
    return bucket


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten days in blocks of two or six hours, as they are before the compactor comes."""
    return made_of(tmp_path_factory.mktemp("many"), seconds=10 * DAY, block="6h")


@pytest.fixture
def bucket(many: Path, tmp_path: Path) -> Path:
    """A copy of those, to be harmed."""
    return shutil.copytree(many, tmp_path / "bucket")


def drilled(objstore: Mapping[str, object], promise: Promise, *, days: int, hours: int) -> Report:
    """A drill at a time after the first sample."""
    plan = Plan(series=SERIES, interval=60, promise=promise, since=float(BEGIN))
    return drill(objstore, plan, thanos=tool("thanos"), now=float(BEGIN + days * DAY + hours * HOUR))


def whole(report: Report) -> dict[str, tuple[int, int]]:
    """Windows that are whole, of how many, by resolution."""
    return {one.resolution: (one.whole, one.windows) for one in report.counted}


def kinds(report: Report) -> set[str]:
    return {one.kind for one in report.findings}


def test_drill_is_content_with_what_the_compactor_makes(compacted: Path) -> None:
    report = drilled(folder(compacted), PROMISE, days=28, hours=7)
    assert report.findings == ()
    assert [one.resolution for one in report.coverages] == ["raw", "five_minutes", "one_hour"]
    assert whole(report) == {"raw": (337, 337)}  # 28 days and 2 hours are older than four hours


def test_samples_older_than_raw_ones_are_counted_in_the_coarser_blocks(compacted: Path) -> None:
    """Nothing raw is wanted any more; 5m and 1h know how many samples they were made of."""
    short = Promise(
        recovery_point={"raw": 4.0 * HOUR, "five_minutes": 3.0 * DAY, "one_hour": 17.0 * DAY},
        retention={"raw": 1.0 * DAY, "five_minutes": 20.0 * DAY, "one_hour": 730.0 * DAY},
    )
    report = drilled(folder(compacted), short, days=28, hours=7)
    assert report.findings == ()
    assert {one.resolution for one in report.counted} == {"raw", "five_minutes", "one_hour"}
    assert {at for one in report.counted for at in one.short} <= {BEGIN}  # an hour's sum may stand in the next window
    assert sum(one.windows for one in report.counted) == 337


@pytest.mark.parametrize("resolution", [300000, 3600000])
def test_resolution_that_is_gone_is_a_hole(compacted: Path, tmp_path: Path, resolution: int) -> None:
    harmed = shutil.copytree(compacted, tmp_path / "bucket")
    for meta in harmed.glob("*/meta.json"):
        if json.loads(meta.read_text())["thanos"]["downsample"]["resolution"] == resolution:
            shutil.rmtree(meta.parent)
    assert "hole" in kinds(drilled(folder(harmed), PROMISE, days=28, hours=7))


def test_recovery_point_that_is_worse_than_promised_is_found(many: Path) -> None:
    report = drilled(folder(many), RAW_ALONE, days=10, hours=5)
    assert [(round(one.recovery_point), one.promised) for one in report.coverages] == [(5 * HOUR + 60, 4 * HOUR)]
    assert kinds(report) == {"hole"}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_tenth_block_deleted_and_brought_back(bucket: Path, tmp_path: Path, seed: int) -> None:
    before = drilled(folder(bucket), RAW_ALONE, days=10, hours=1)
    assert (before.findings, whole(before)) == ((), {"raw": (118, 118)})
    blocks = sorted(path for path in bucket.iterdir() if (path / "meta.json").is_file())
    gone = random.Random(seed).sample(  # noqa: S311
        blocks, len(blocks) // 10
    )
    hours = sum(_hours(block) for block in gone if _begin(block) < BEGIN + 118 * 2 * HOUR)
    for block in gone:
        shutil.move(block, tmp_path / block.name)
    harmed = drilled(folder(bucket), RAW_ALONE, days=10, hours=1)
    assert {"hole", "no samples"} <= kinds(harmed)
    assert len(harmed.counted[0].empty) == hours / 2
    for block in gone:
        shutil.move(tmp_path / block.name, bucket)
    again = drilled(folder(bucket), RAW_ALONE, days=10, hours=1)
    assert (again.findings, again.counted) == ((), before.counted)


def _meta(block: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((block / "meta.json").read_text())
    return read


def _begin(block: Path) -> float:
    return float(_meta(block)["minTime"]) / 1000


def _hours(block: Path) -> int:
    meta = _meta(block)
    return round(float(meta["maxTime"] - meta["minTime"]) / 1000 / HOUR)


@pytest.mark.parametrize(
    ("file", "kept", "found"),
    [("index", 0.0, {"missing file", "no samples"}), ("chunks/000001", 0.5, {"wrong size", "unreadable"})],
    ids=["index deleted", "chunks cut in half"],
)
def test_harmed_block_is_found_and_its_copy_heals_it(bucket: Path, file: str, kept: float, found: set[str]) -> None:
    block = sorted(path.parent for path in bucket.glob("*/index"))[7]
    content = (block / file).read_bytes()
    (block / file).unlink()
    if kept:
        (block / file).write_bytes(content[: int(len(content) * kept)])
    harmed = drilled(folder(bucket), RAW_ALONE, days=10, hours=1)
    assert found <= kinds(harmed)
    assert {one.subject for one in harmed.findings if one.kind in {"missing file", "wrong size"}} == {block.name}
    (block / file).write_bytes(content)
    again = drilled(folder(bucket), RAW_ALONE, days=10, hours=1)
    assert (again.findings, whole(again)) == ((), {"raw": (118, 118)})


@pytest.fixture
def azurite(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """An emulator of Blob Storage with one account; objstore.yml of a container that is not there yet."""
    (port,) = free_ports(1)
    key = base64.b64encode(b"of this test alone" * 3).decode()
    line = command_line(install(), port=port, location=tmp_path / "azurite")
    config = {
        "container": "thanos",
        "storage_account": "trial",
        "storage_create_container": True,
        "storage_connection_string": f"DefaultEndpointsProtocol=http;AccountName=trial;AccountKey={key};"
        f"BlobEndpoint=http://127.0.0.1:{port}/trial",
    }
    with running(
        line, port=port, ready=None, log=tmp_path / "azurite.log", environment={"AZURITE_ACCOUNTS": f"trial:{key}"}
    ):
        yield {"type": "AZURE", "config": config}


def test_drill_reads_a_container_of_blob_storage(many: Path, azurite: dict[str, Any]) -> None:
    copied = {"type": "AZURE", "config": {**azurite["config"], "storage_create_container": False}}
    thanos("tools", "bucket", "ls", f"--objstore.config={json.dumps(azurite)}")  # makes the container
    thanos(
        *("tools", "bucket", "replicate", "--single-run", f"--objstore.config={json.dumps(folder(many))}"),
        *(f"--objstore-to.config={json.dumps(copied)}", "--http-address=127.0.0.1:0"),
    )
    report = drilled(copied, RAW_ALONE, days=10, hours=1)
    assert (report.findings, whole(report)) == ((), {"raw": (118, 118)})
