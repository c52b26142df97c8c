"""A region that the global view cannot reach: what is left of an answer, and what is there again afterwards.

How an answer is marked, and what a region does that hangs or is silent: tests/stack/test_global_view.py.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from monitoring.fleet import Fleet, Region
from tests.faults.conftest import Record
from tests.faults.outcome import Outcome
from tests.faults.region import eventually
from tests.stack.global_view import running_regions

pytestmark = pytest.mark.faults


def test_disconnected_region_is_missing_until_it_reconnects(
    fleet: Fleet, zoned: Region, unzoned: Region, tmp_path: Path, record: Record
) -> None:
    with running_regions(tmp_path, fleet) as regions, regions.viewed(zoned) as front:
        everyone = {region.name for region in fleet.regions}
        eventually(lambda: front.samples().keys() == everyone, "all regions answer")
        written = front.samples()
        with regions.without(unzoned):
            assert front.samples() == {name: count for name, count in written.items() if name != unzoned.name}
            ended = time.monotonic()
        eventually(lambda: front.samples() == written, "all regions answer again")
        row = Outcome(
            fault="a region cut off from the global view",
            written={name: list(range(count)) for name, count in written.items()},
            lost={},
            duplicates=0,
            gaps=0,
            view_twice=0,
            view_gaps=0,
            healed=time.monotonic() - ended,
            alerts=frozenset(),
        )
    record(row, "nothing lost: the others answer meanwhile, the answer is marked as partial, and the region comes back")
