"""What is left after a fault, counted: by the source what was written, by Query what is found."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitoring.blueprint.components.workloads import COMPACTOR
from tests.faults import counts
from tests.faults.counts import Found, Sight, View
from tests.faults.region import Miniature, eventually
from tests.faults.source import COUNTER

RANGE = "30m"
"""Longer than any run."""

AHEAD = 600
"""Seconds after now at which Query is asked, for samples of clocks that are ahead."""

COMPACTOR_POD = f"{COMPACTOR.name}-0"
OF_THE_STORE = {"ThanosPartDown", "ThanosCompactorMissing"}
"""Alerts that fire, and rightly, where no store gateway and no compactor run."""


@dataclass(frozen=True, kw_only=True)
class Mark:
    """The moment before a fault: how often each replica had scraped, and what fired already."""

    at: float
    written: Mapping[str, int]
    firing: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A row of the table, of the samples since the mark; `view_twice` and `view_gaps` are of the whole run.

    `lost` are numbers of scrapes by replica; `gaps` are slots of time of which no replica's sample is found. `healed`
    is seconds: from the end of the fault until Query had all that was written by then, as far as it is ever found, and
    of each replica a sample that is newer.
    """

    fault: str
    written: counts.Numbers
    lost: counts.Numbers
    duplicates: int
    gaps: int
    view_twice: int
    view_gaps: int
    healed: float
    alerts: frozenset[str]

    @property
    def total(self) -> int:
        """Samples that were written, by the source's count."""
        return sum(len(numbers) for numbers in self.written.values())

    @property
    def losses(self) -> int:
        """Those of them that are not found."""
        return sum(len(numbers) for numbers in self.lost.values())

    @property
    def whole(self) -> bool:
        """Nothing lost, nothing twice."""
        return not self.losses and self.without_a_gap

    @property
    def without_a_gap(self) -> bool:
        """What one replica lost the other has, nothing is there twice, and so it is seen without replicas."""
        return not (self.duplicates or self.gaps or self.view_twice or self.view_gaps)

    def lost_in_one_piece(self, replica: str, *, until: int | None = None) -> bool:
        """Whether what a replica lost are scrapes that follow one another, and end with the scrape `until`, if any."""
        lost = self.lost[replica]
        written = [number for number in self.written[replica] if until is None or number <= until]
        first = written.index(lost[0]) if lost else len(written)
        return lost == written[first : None if until else first + len(lost)]

    def row(self) -> tuple[object, ...]:
        """The first columns of the table, up to the alerts."""
        counts = (self.total, self.total - self.losses, self.losses, self.duplicates, self.gaps)
        return (self.fault, *counts, self.view_twice, self.view_gaps, round(self.healed, 1), sorted(self.alerts))


def found(miniature: Miniature) -> Found:
    """Every raw sample of the source, of whichever copy."""
    return Found.of(_asked(miniature, dedup="false"))


def viewed(miniature: Miniature) -> View:
    """Every sample of the source that is left once Query has made one series of all copies."""
    return View.of(_asked(miniature, dedup="true"))


def mark(miniature: Miniature, *alerts: str) -> Mark:
    """Now; the alerts that the fault shall raise are silent, which an earlier one may have raised."""
    eventually(lambda: not _firing(miniature) & {*alerts}, f"{alerts} are silent")
    return Mark(
        at=time.time(),
        written={replica: len(times) for replica, times in miniature.source.answered.items()},
        firing=_firing(miniature),
    )


def raised(miniature: Miniature, since: Mark, *alerts: str) -> None:
    """Until these alerts have fired since the mark."""
    eventually(lambda: {*alerts} <= _fired(miniature, since), f"{alerts} fire")


def watched(miniature: Miniature) -> list[Sight]:
    """Until a sample that is written from now on has arrived of each replica: what was unsent came before it."""
    wanted = {replica: len(miniature.source.answered[replica]) + 1 for replica in miniature.replicas}
    sights: list[Sight] = []

    def all_there() -> bool:
        sights.append(Sight(numbers=found(miniature).numbers, at=time.time()))
        newest = {replica: max(numbers) for replica, numbers in sights[-1].numbers.items()}
        return all(newest.get(replica, 0) >= number for replica, number in wanted.items())

    eventually(all_there, f"{wanted}, or later scrapes, at Query")
    return sights


def arrived(miniature: Miniature, replica: str, number: int) -> None:
    """Until Query finds a replica's scrape of that number, or a later one."""

    def is_found() -> bool:
        return max(found(miniature).numbers.get(replica, ()), default=0) >= number

    eventually(is_found, f"scrape {number} of {replica}, or a later one, at Query")


def last_arrived(miniature: Miniature) -> None:
    """Until the very last scrapes are found; the source is quiet."""
    for replica in miniature.source.answered:
        arrived(miniature, replica, miniature.source.newest(replica))


def outcome(
    fault: str,
    miniature: Miniature,
    before: Mark,
    *,
    ended: float | None = None,
    then: Callable[[], None] = lambda: None,
) -> Outcome:
    """What is left since the mark, once what was sent last has arrived; `then` is done before samples are counted.

    The fault ended (seconds since 1970) when a part was started again, where nothing else is said.
    """
    sights = watched(miniature)
    source = miniature.source
    with source.quiet():
        last_arrived(miniature)
        fired = _fired(miniature, before) - before.firing
        then()
        written = {replica: source.written(replica, after=before.written[replica]) for replica in source.answered}
        view, copies = viewed(miniature), found(miniature)
        sights.append(Sight(numbers=copies.numbers, at=time.time()))
        return counted(
            fault,
            written=written,
            answered=source.answered,
            copies=copies,
            view=view,
            sights=sights,
            ended=ended or miniature.restored,
            alerts=fired,
        )


def counted(
    fault: str,
    *,
    written: counts.Numbers,
    answered: counts.Times,
    copies: Found,
    view: View,
    sights: Sequence[Sight],
    ended: float,
    alerts: frozenset[str],
) -> Outcome:
    """The row that this makes; nobody is asked."""
    lost = counts.lost(written, copies)
    kept = counts.without(written, lost)
    return Outcome(
        fault=fault,
        written=written,
        lost=lost,
        duplicates=copies.twice,
        gaps=counts.gaps(written, kept, answered),
        view_twice=view.twice(copies),
        view_gaps=view.gaps(copies),
        healed=counts.healed(kept, answered, sights, ended),
        alerts=alerts,
    )


def _asked(miniature: Miniature, **parameters: object) -> Any:
    return miniature.ask("query", query=f"{COUNTER}[{RANGE}]", time=time.time() + AHEAD, **parameters)


def _fired(miniature: Miniature, since: Mark) -> frozenset[str]:
    """Which fired since the mark, as every Prometheus that runs remembers it."""
    span = int((time.time() - since.at) * 1000)
    query = f'count by (alertname) (last_over_time(ALERTS{{alertstate="firing"}}[{span}ms]))'
    return _known(
        miniature, (one["metric"] for pod in miniature.running for one in miniature.ask_prometheus(pod, query))
    )


def _firing(miniature: Miniature) -> frozenset[str]:
    """Which fire, as every Prometheus that runs says."""
    alerts = (one for pod in miniature.running for one in miniature.alerts(pod) if one["state"] == "firing")
    return _known(miniature, (one["labels"] for one in alerts))


def _known(miniature: Miniature, alerts: Iterable[Mapping[str, str]]) -> frozenset[str]:
    absent = () if COMPACTOR_POD in miniature.programs else OF_THE_STORE
    return frozenset(labels["alertname"] for labels in alerts if labels["alertname"] not in absent)
