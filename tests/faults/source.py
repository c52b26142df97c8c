"""A target that counts: each scrape by a replica raises its counter by exactly one, so a loss is provable.

On a busy machine a scrape may be answered after its timeout: Prometheus never took that number, and nobody lost it. The
connection tells: who has read an answer to its end asks again on the same one, who gave it up closes it.
"""

from __future__ import annotations

import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Condition

from monitoring.local.servers import Quiet, serving
from monitoring.processes import PATIENCE

COUNTER = "scrapes_total"
"""The counter; its value is the number of the scrape, from 1 on."""

SLOT = 5.0
"""Seconds: ten scrape intervals, and as far as a query looks back for a sample (five minutes, at the scale)."""

STANDING_IN = """\
kube_statefulset_replicas{{namespace="monitoring",statefulset="prometheus-prometheus"}} 2
kube_statefulset_replicas{{namespace="monitoring",statefulset="thanos-receive-ingestor"}} {ingestors}
"""
"""What kube-state-metrics says of what runs here, for the alerts that ask it."""


@dataclass(kw_only=True)
class Source:
    """The target: `answered[replica][n - 1]` is when scrape n was answered (seconds since 1970).

    Who finds it `quiet` is refused, and not counted: so a process can be killed without a scrape under way, of which
    nobody could say whether it was taken. `shifts` are seconds that a replica's samples are off (0: no timestamp).
    `ingestors` is how many there are, as kube-state-metrics would say it.
    """

    port: int = 0
    ingestors: int = 3
    answered: dict[str, list[float]] = field(default_factory=dict)
    shifts: dict[str, float] = field(default_factory=dict)
    _given_up: dict[str, set[int]] = field(default_factory=dict)
    _under_way: dict[str, set[int]] = field(default_factory=dict)
    _quiet: frozenset[str] = frozenset()
    _refused: set[str] = field(default_factory=set)
    _changed: Condition = field(default_factory=Condition)

    def page(self, replica: str) -> tuple[int, bytes]:
        """The number of a scrape by the replica, and what it is answered; 0 while quiet."""
        with self._changed:
            if replica in self._quiet:
                self._refused.add(replica)
                self._changed.notify_all()
                return 0, b""
            now = time.time()
            times = self.answered.setdefault(replica, [])
            times.append(now)
            self._under_way.setdefault(replica, set()).add(len(times))
            shift = self.shifts.get(replica, 0)
            stamp = f" {int((now + shift) * 1000)}" if shift else ""
            standing_in = STANDING_IN.format(ingestors=self.ingestors)
            return len(times), f"{COUNTER} {len(times)}{stamp}\n{standing_in}".encode()

    def settle(self, replica: str, number: int, *, taken: bool) -> None:
        """What became of an answer."""
        with self._changed:
            self._under_way[replica].discard(number)
            if not taken:
                self._given_up.setdefault(replica, set()).add(number)
            self._changed.notify_all()

    def written(self, replica: str, *, after: int = 0) -> list[int]:
        """The numbers that the replica took, and may still take, beginning `after` a number."""
        with self._changed:
            answered = len(self.answered.get(replica, ()))
            return [n for n in range(after + 1, answered + 1) if n not in self._given_up.get(replica, ())]

    def newest(self, replica: str) -> int:
        """The last of them; 0 before the first."""
        return max(self.written(replica), default=0)

    @contextmanager
    def quiet(self, *replicas: str) -> Iterator[None]:
        """Until the block ends it counts nothing for these, or for none at all; of what it counted all is settled."""
        with self._changed:
            self._refused.clear()
            self._quiet = frozenset(replicas or self.answered)
            if not self._changed.wait_for(self.is_settled, timeout=PATIENCE):
                raise AssertionError(f"{set(self._quiet)} do not scrape")
        try:
            yield
        finally:
            self._quiet = frozenset()

    def is_settled(self) -> bool:
        """Whether all who find it quiet have been refused, and nothing that they were answered before is undecided."""
        return all(one in self._refused and not self._under_way.get(one) for one in self._quiet)

    def count(self) -> int:
        """How often it was scraped, by all replicas."""
        return sum(len(times) for times in self.answered.values())


@contextmanager
def counting() -> Iterator[Source]:
    """A source that serves until the block ends."""
    source = Source()

    class Connection(Quiet):
        replica = ""
        number = 0

        def do_GET(self) -> None:  # noqa: N802  (the base class calls it)
            self.settle(taken=True)
            (self.replica,) = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)["replica"]
            self.number, page = source.page(self.replica)
            self.answer(200 if page else 503, page, Content_Type="text/plain; version=0.0.4")

        def finish(self) -> None:
            self.settle(taken=False)
            super().finish()

        def settle(self, *, taken: bool) -> None:
            if self.number:
                source.settle(self.replica, self.number, taken=taken)
                self.number = 0

    with serving(Connection) as port:
        source.port = port
        yield source
