"""Generated service metrics with a given number of series, for measurements."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from oversight_metrics.contract import CONTRACT, MetricFamily

VALUES: Mapping[str, tuple[str, ...]] = {
    "method,route,status_code": tuple(
        f'method="{method}",route="/api/v1/resource-{number}/{{id}}",status_code="{status}"'
        for number in range(6)
        for method in ("GET", "POST")
        for status in ("200", "404", "500")
    ),
    "operation,table": tuple(
        f'operation="{operation}",table="table_{number}"'
        for operation in ("select", "insert", "update")
        for number in range(4)
    ),
    "cache_name": ('cache_name="sessions"', 'cache_name="products"'),
    "metric_name": ('metric_name="open_orders"', 'metric_name="carts"'),
    "window": ('window="5m"', 'window="24h"'),
    "type,status": tuple(f'type="{kind}",status="{end}"' for kind in ("order", "refund") for end in ("done", "failed")),
    "currency": ('currency="USD"', 'currency="EUR"'),
    "metric": ('metric="http_requests_total"',),
}
"""Labels of the series of a pod, by the labels of a family of the contract."""

PODS_OF_A_SERVICE = 10
REQUESTS = 40
"""Events between two scrapes, on the average, of what a counter or a histogram counts; they come at random."""

MEDIAN_SECONDS = 0.08
"""Of a duration."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A series: its text up to the closing brace, and how many of the events between two scrapes it counts.

    `share` 0 is a gauge. `seconds` are added up instead of events (a histogram's sum).
    """

    text: str
    share: float
    seconds: bool = False


@cache
def series() -> tuple[tuple[Line, ...], ...]:
    """The series of a pod; those that count the same events stand together."""
    return tuple(tuple(_lines(family, labels)) for family in CONTRACT for labels in VALUES[",".join(family.labels)])


@cache
def series_of_a_pod() -> int:
    """How many."""
    return sum(len(group) for group in series())


def _lines(family: MetricFamily, labels: str) -> Iterator[Line]:
    if family.type != "histogram":
        yield Line(text=f"{family.name}{{{labels}", share=float(family.type == "counter"))
        return
    for bound in (*family.buckets, math.inf):
        le = "+Inf" if bound == math.inf else f"{bound:g}"
        yield Line(text=f'{family.name}_bucket{{{labels},le="{le}"', share=1 - 0.5 ** (bound / MEDIAN_SECONDS))
    yield Line(text=f"{family.name}_sum{{{labels}", share=1, seconds=True)
    yield Line(text=f"{family.name}_count{{{labels}", share=1)


@dataclass(kw_only=True)
class Pod:
    """A target: its labels, and what it has counted so far. Its numbers are random, and the same in every run."""

    number: int
    _chance: random.Random = field(init=False)
    _values: list[float] = field(init=False)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.number)  # noqa: S311  (no secret)
        self._values = [0] * series_of_a_pod()

    @property
    def labels(self) -> dict[str, str]:
        """What discovery adds."""
        service = f"service-{self.number // PODS_OF_A_SERVICE}"
        pod = f"{service}-{self.number % PODS_OF_A_SERVICE}"
        return {"job": service, "namespace": "shop", "pod": pod, "instance": f"{pod}:9000"}

    def scrape(self) -> Iterator[tuple[str, float]]:
        """Each series (text up to the closing brace) with its next value."""
        at, values = 0, self._values
        for group in series():
            events = int(self._chance.expovariate(1 / REQUESTS))
            for line in group:
                if line.seconds:
                    values[at] = round(values[at] + events * self._chance.uniform(0.5, 1.5) * MEDIAN_SECONDS, 6)
                elif line.share:
                    values[at] += int(events * line.share)
                else:
                    values[at] = events
                yield line.text, values[at]
                at += 1

    def page(self) -> bytes:
        """The answer to a scrape."""
        return "".join(f"{text}}} {value}\n" for text, value in self.scrape()).encode()

    def history(self, times: range) -> Iterator[str]:
        """The same in OpenMetrics with the labels of the target, a scrape at each of these seconds since 1970."""
        labels = "".join(f',{name}="{value}"' for name, value in self.labels.items())
        for at in times:
            yield from (f"{text}{labels}}} {value} {at}\n" for text, value in self.scrape())


def pods(count: int) -> list[Pod]:
    """Pods that have as many series together, or a few more."""
    return [Pod(number=number) for number in range(-(-count // series_of_a_pod()))]
