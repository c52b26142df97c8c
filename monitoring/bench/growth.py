"""What ten times as many series cost: memory, CPU, bytes per sample and a query, in steps, and whether it is a line."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from functools import partial

from monitoring.bench.figures import Bound, Figure, Measurement, Setting, Values, median
from monitoring.bench.ingestion import CPU, MEMORY, SERIES, alone, log_bytes
from monitoring.bench.ring import APPENDED, Ring, eventually, running
from monitoring.blueprint.capacity import needs as capacity
from monitoring.blueprint.components.workloads import RECEIVE_INGESTOR, RECEIVE_ROUTER

STEPS = (100_000, 200_000, 400_000, 700_000, 1_000_000)
INTERVAL = 30
"""Seconds between scrapes, as deployed."""

WARM_UP = 30
"""Seconds from when the ingestor has every series: what is new has been written, and garbage is collected."""

WINDOW = 30
"""Seconds that are counted: all series once more."""

ALL = 0.99
"""Of the sender's series: some are its own metrics' of a moment."""

LOOK = 5
QUERY = "sum by (job) (rate(http_requests_total[2m]))"
RUNS = 5
OFF_A_LINE = 0.2
"""How far a step may be from the straight line through all, as a share of what the greatest one takes."""

PROGRAMS = {"Prometheus": None, "router": RECEIVE_ROUTER.name, "ingestor": RECEIVE_INGESTOR.name}
LINES = ("Prometheus: memory", "ingestor: memory", *(f"{program}: CPU, a minute" for program in PROGRAMS), "query")
UNITS = {"memory": "B", "CPU, a minute": "s", "query": "s", "log, a sample": "B"}


def measure(setting: Setting) -> dict[str, float]:
    """Each step anew: a Prometheus that scrapes as many, router, and one ingestor."""
    region, values = alone(setting.fleet.regions[0]), dict[str, float]()
    for series in STEPS:
        with running(setting, region, interval=setting.scaled(INTERVAL), series=series) as ring:
            setting.say(f"count {series:,} series")
            values |= {_name(series, what): value for what, value in _measured(setting, ring).items()}
    values |= {
        _name(series, "Prometheus: memory, model"): capacity.prometheus_memory(series * setting.scale)
        for series in STEPS[-1:]
    }
    return values


def _name(series: int, what: str) -> str:
    return f"{series:,} series: {what}"


def _measured(setting: Setting, ring: Ring) -> dict[str, float]:
    programs = {name: ring.prometheus if not of else ring.of(of)[0] for name, of in PROGRAMS.items()}
    with_head = ("Prometheus", "ingestor")
    everything = ring.metrics(ring.prometheus)[SERIES]
    eventually(lambda: ring.metrics(programs["ingestor"]).get(SERIES, 0) >= everything * ALL, "every series arrives")
    time.sleep(setting.scaled(WARM_UP))
    began = time.monotonic()
    before = {name: ring.metrics(program) for name, program in programs.items()}
    log = {name: log_bytes(ring.folder(programs[name])) for name in with_head}
    pages = {name: [page] for name, page in before.items()}

    def kept() -> bool:
        return all(pages[name][-1].get(APPENDED, 0) > before[name].get(APPENDED, 0) for name in with_head)

    while time.monotonic() - began < setting.scaled(WINDOW) or not kept():
        time.sleep(setting.scaled(LOOK))
        for name, program in programs.items():
            pages[name].append(ring.metrics(program))
    minutes = (time.monotonic() - began) / 60

    def counted(name: str, what: str) -> float:
        return pages[name][-1][what] - before[name].get(what, 0)

    written = {name: log_bytes(ring.folder(programs[name])) - log[name] for name in with_head}
    return {
        **{f"{name}: memory": median(page[MEMORY] for page in pages[name]) for name in with_head},
        **{f"{name}: CPU, a minute": counted(name, CPU) / minutes for name in programs},
        **{f"{name}: log, a sample": written[name] / counted(name, APPENDED) for name in with_head},
        "query": min(_query(ring) for _ in range(setting.scaled(RUNS) + 1)),
    }


def _query(ring: Ring) -> float:
    """Seconds until a sum over a tenth of all series is there."""
    began = time.perf_counter()
    ring.get(ring.prometheus, "/api/v1/query", query=QUERY)
    return time.perf_counter() - began


def off_the_line(points: Sequence[tuple[float, float]]) -> float:
    """How far the worst point is from the straight line through all, as a share of the greatest."""
    slope, start = statistics.linear_regression(*zip(*points, strict=True))
    return max(abs(y - start - slope * x) for x, y in points) / max(y for _, y in points)


def _off(values: Values, what: str) -> float:
    return off_the_line([(series, values[_name(series, what)]) for series in STEPS])


def _figures(what: str, unit: str) -> list[Figure]:
    first, *later = (_name(series, what) for series in STEPS)
    return [Figure(name=first, what=first, unit=unit)] + [
        Figure(name=name, what=name, unit=unit, baseline=first) for name in later
    ]


def _unit(what: str) -> str:
    return UNITS[what.rpartition(": ")[2]]


MEASUREMENT = Measurement(
    name="growth",
    title="Ten times as many series",
    about=f"A Prometheus scrapes as many series of services that keep the contract every {INTERVAL} s and sends them "
    f"on by TLS to a router and one ingestor; each step anew. Over {WINDOW} s, {WARM_UP} s after the ingestor has all: "
    f"CPU time, medians of memory, the log's growth; then `{QUERY}`, the fastest of {RUNS + 1}.",
    measure=measure,
    figures=(
        *(
            figure
            for what in (*LINES, "Prometheus: log, a sample", "ingestor: log, a sample")
            for figure in _figures(what, _unit(what))
        ),
        Figure(
            name=_name(STEPS[-1], "Prometheus: memory, model"),
            what=f"{STEPS[-1]:,} series: Prometheus: memory, the model",
            unit="B",
            baseline=_name(STEPS[-1], "Prometheus: memory"),
        ),
    ),
    bounds=tuple(
        Bound(what=f"{what}, off a straight line", of=partial(_off, what=what), bound=OFF_A_LINE) for what in LINES
    ),
    tools=("prometheus", "thanos"),
)
