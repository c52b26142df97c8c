"""A target that counts: each scrape by a replica raises its counter by exactly one, so a loss is provable."""

from __future__ import annotations

import time
import urllib.parse
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

from monitoring.local.servers import Quiet, serving

COUNTER = "scrapes_total"
"""The counter; its value is the number of the scrape, from 1 on."""

SLOT = 2.0
"""Seconds: four scrape intervals. In every slot each replica scrapes, so one of them is enough to see it."""

PAUSE = 0.3
"""Seconds in which an answered scrape has long been committed."""

STANDING_IN = """\
kube_statefulset_replicas{namespace="monitoring",statefulset="prometheus-prometheus"} 2
kube_statefulset_replicas{namespace="monitoring",statefulset="thanos-receive-ingestor"} 3
"""
"""What kube-state-metrics says of what runs here, for the alerts that ask it."""


@dataclass(kw_only=True)
class Source:
    """The target: `written[replica][n - 1]` is when scrape n was answered (seconds since 1970).

    Who finds it `quiet` is refused, and not counted: so a process can be killed without a scrape under way, of which
    nobody could say whether it was taken. `shifts` are seconds that a replica's samples are off (0: no timestamp).
    """

    port: int = 0
    written: dict[str, list[float]] = field(default_factory=dict)
    shifts: dict[str, float] = field(default_factory=dict)
    _quiet: frozenset[str] = frozenset()
    _lock: Lock = field(default_factory=Lock)

    def page(self, replica: str) -> bytes | None:
        """What a scrape by the replica is answered; None while quiet."""
        with self._lock:
            if replica in self._quiet:
                return None
            now = time.time()
            times = self.written.setdefault(replica, [])
            times.append(now)
            shift = self.shifts.get(replica, 0)
            stamp = f" {int((now + shift) * 1000)}" if shift else ""
            return f"{COUNTER} {len(times)}{stamp}\n{STANDING_IN}".encode()

    @contextmanager
    def quiet(self, *replicas: str) -> Iterator[None]:
        """Until the block ends it counts nothing for these, or for none at all, and what it counted has been taken."""
        with self._lock:
            self._quiet = frozenset(replicas or self.written)
        time.sleep(PAUSE)
        try:
            yield
        finally:
            self._quiet = frozenset()

    def count(self) -> int:
        """How often it was scraped, by all replicas."""
        return sum(len(times) for times in self.written.values())

    def slots(self, replica: str, numbers: Iterable[int]) -> set[int]:
        """The slots of time in which these scrapes were answered."""
        return {int(self.written[replica][number - 1] / SLOT) for number in numbers}


@contextmanager
def counting() -> Iterator[Source]:
    """A source that serves until the block ends."""
    source = Source()

    class Page(Quiet):
        def do_GET(self) -> None:  # noqa: N802  (the base class calls it)
            (replica,) = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)["replica"]
            page = source.page(replica)
            self.answer(200 if page else 503, page or b"", Content_Type="text/plain; version=0.0.4")

    with serving(Page) as port:
        source.port = port
        yield source
