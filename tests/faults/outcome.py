"""What is left after a fault, counted: by the source what was written, by Query what is found."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from monitoring.blueprint.components import COMPACTOR
from tests.faults.region import Miniature, eventually
from tests.faults.source import COUNTER, Source

RANGE = "30m"
"""Longer than any run."""

AHEAD = 600
"""Seconds after now at which Query is asked, for samples of clocks that are ahead."""

REPLICA = "prometheus_replica"

COMPACTOR_POD = f"{COMPACTOR.name}-0"
OF_THE_STORE = {"ThanosPartDown", "ThanosCompactorMissing"}
"""Alerts that fire, and rightly, where no store gateway and no compactor run."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """Numbers of scrapes by replica. `twice` is how many samples say a number again at another time."""

    numbers: dict[str, set[int]]
    twice: int


@dataclass(frozen=True, kw_only=True)
class Mark:
    """The moment before a fault: how often each replica had scraped, and what fired already."""

    at: float
    written: Mapping[str, int]
    firing: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A row of the table, of the samples since the mark.

    `lost` are numbers of scrapes by replica; `gaps` are slots of time of which no replica's sample is found.
    """

    fault: str
    written: Mapping[str, range]
    lost: Mapping[str, list[int]]
    duplicates: int
    gaps: int
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
        return not (self.losses or self.duplicates or self.gaps)

    @property
    def without_a_gap(self) -> bool:
        """What one replica lost the other has, and nothing is there twice."""
        return not (self.duplicates or self.gaps)


def found(miniature: Miniature, **parameters: object) -> Found:
    """Every raw sample of the source, of whichever copy; `parameters` are Query's."""
    times: dict[tuple[str, int], set[float]] = {}
    for replica, at, number in _samples(miniature, dedup="false", **parameters):
        times.setdefault((replica, number), set()).add(at)
    numbers: dict[str, set[int]] = {}
    for replica, number in times:
        numbers.setdefault(replica, set()).add(number)
    return Found(numbers=numbers, twice=sum(len(one) - 1 for one in times.values()))


def mark(miniature: Miniature) -> Mark:
    """Now."""
    return Mark(
        at=time.time(),
        written={replica: len(times) for replica, times in miniature.source.written.items()},
        firing=_alerts(miniature, "1s"),
    )


def healed(miniature: Miniature) -> None:
    """Until a sample that is written from now on has arrived of each replica: what was unsent came before it."""
    for replica in miniature.replicas:
        number = len(miniature.source.written[replica]) + 1
        arrived(miniature, replica, number)


def arrived(miniature: Miniature, replica: str, number: int) -> None:
    """Until Query finds a replica's scrape of that number, or a later one."""

    def there() -> bool:
        return max(found(miniature).numbers.get(replica, ()), default=0) >= number

    eventually(there, f"scrape {number} of {replica}, or a later one, at Query")


def last_arrived(miniature: Miniature) -> None:
    """Until the very last scrapes are found; the source is quiet."""
    for replica, times in miniature.source.written.items():
        arrived(miniature, replica, len(times))


def in_one_piece(numbers: list[int]) -> bool:
    """Scrapes that follow one another."""
    return not numbers or numbers == list(range(numbers[0], numbers[-1] + 1))


def outcome(fault: str, miniature: Miniature, before: Mark, then: Callable[[], None] = lambda: None) -> Outcome:
    """What is left since the mark, once what was sent last has arrived; `then` is done before samples are counted."""
    healed(miniature)
    source = miniature.source
    with source.quiet():
        last_arrived(miniature)
        fired = _alerts(miniature, f"{int(time.time() - before.at)}s") - before.firing
        then()
        written = {
            replica: range(before.written[replica] + 1, len(times) + 1) for replica, times in source.written.items()
        }
        copies = found(miniature)
        lost = {replica: sorted(set(of) - copies.numbers.get(replica, set())) for replica, of in written.items()}
        slots = _slots(source, written)
        kept = {replica: set(of) - set(lost[replica]) for replica, of in written.items()}
        return Outcome(
            fault=fault,
            written=written,
            lost=lost,
            duplicates=copies.twice,
            gaps=len(slots - _slots(source, kept)),
            alerts=fired,
        )


def _samples(miniature: Miniature, **parameters: object) -> Iterator[tuple[str, float, int]]:
    data = miniature.ask("query", query=f"{COUNTER}[{RANGE}]", time=time.time() + AHEAD, **parameters)
    for series in data["result"]:
        for at, value in series["values"]:
            yield series["metric"].get(REPLICA, ""), at, int(float(value))


def _alerts(miniature: Miniature, since: str) -> frozenset[str]:
    """Which fired, as every Prometheus that runs remembers it."""
    query = f'count by (alertname) (last_over_time(ALERTS{{alertstate="firing"}}[{since}]))'
    absent = () if COMPACTOR_POD in miniature.parts else OF_THE_STORE
    return frozenset(
        one["metric"]["alertname"]
        for pod in miniature.replicas
        if miniature.processes[pod].poll() is None
        for one in miniature.ask_prometheus(pod, query)
        if one["metric"]["alertname"] not in absent
    )


def _slots(source: Source, numbers: Mapping[str, Iterable[int]]) -> set[int]:
    return {slot for replica, some in numbers.items() for slot in source.slots(replica, some)}
