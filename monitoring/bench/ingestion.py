"""Samples per core, bytes per series and per sample: Prometheus, router, ingestors, against the capacity model."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from monitoring.bench import figures
from monitoring.bench.figures import TOLERANCE, Bound, Figure, Setting, median, model_deviation, ratio
from monitoring.bench.ring import APPENDED, Ring, eventually, running
from monitoring.bench.ring import SERIES as RING_SERIES
from monitoring.blueprint.capacity import needs as capacity
from monitoring.blueprint.components.workloads import RECEIVE_INGESTOR, RECEIVE_ROUTER
from monitoring.fleet import Region
from monitoring.local.region import Program

INTERVAL = 10
"""Seconds between scrapes: 10,000 samples a second, three times what a region's file states."""

WARM_UP = 30
"""Seconds at the full number of series until it counts: garbage is collected a few times."""

WINDOW = 60
LOOK = 5
"""Seconds between looks at memory: to be asked costs them too."""

CPU = "process_cpu_seconds_total"
MEMORY = "process_resident_memory_bytes"
SENT = "prometheus_remote_storage_samples_total"
SERIES = "prometheus_tsdb_head_series"
COPIES = "samples/s per core"
ONE_COPY = "one copy: samples/s per core"
WITH_HEAD = ("Prometheus", "ingestor")
PER_CORE = ("Prometheus", "router", "ingestor")
Page = Mapping[str, float]


def measure(setting: Setting) -> dict[str, float]:
    """The ring as deployed, and then one ingestor alone."""
    region = setting.fleet.regions[0]
    interval = setting.scaled(INTERVAL)
    with running(setting, region, interval=interval) as ring:
        values = _measured(setting, ring)
    with running(setting, alone(region), interval=interval) as ring:
        values[ONE_COPY] = _measured(setting, ring)[COPIES]
    scraped = region.prometheus.scrape_interval.seconds
    return {
        **values,
        "Prometheus: samples/s per core, model": capacity.PROMETHEUS_SAMPLES_PER_CORE,
        "router: samples/s per core, model": capacity.ROUTER_SAMPLES_PER_CORE,
        "ingestor: samples/s per core, model": capacity.INGESTOR_SERIES_PER_CORE / scraped,
    }


def alone(region: Region) -> Region:
    """The region with one ingestor and one copy."""
    receive = region.thanos.receive.model_copy(update={"replicas": 1, "ring": 1, "replication_factor": 1})
    return region.model_copy(update={"thanos": region.thanos.model_copy(update={"receive": receive})})


def _measured(setting: Setting, ring: Ring) -> dict[str, float]:
    """Over a window in which as much comes out as goes in."""
    setting.say("warm up")
    prometheus, (router,) = ring.prometheus, ring.of(RECEIVE_ROUTER.name)
    ingestors = ring.of(RECEIVE_INGESTOR.name)
    programs = (prometheus, router, *ingestors)
    time.sleep(setting.scaled(WARM_UP))
    eventually(lambda: ring.metrics(ingestors[0]).get(APPENDED), "samples at an ingestor")
    began, before = time.monotonic(), {program.name: ring.metrics(program) for program in programs}
    log_before = {program.name: log_bytes(ring.folder(program)) for program in (prometheus, *ingestors)}
    window = setting.scaled(WINDOW)
    setting.say(f"count for {window} s")
    pages: dict[str, list[Page]] = {program.name: [] for program in programs}
    while time.monotonic() - began < window:
        time.sleep(setting.scaled(LOOK))
        for program in programs:
            pages[program.name].append(ring.metrics(program))
    seconds, after = time.monotonic() - began, {name: of[-1] for name, of in pages.items()}

    def counted(what: str, *names: str) -> float:
        return sum(after[name][what] - before[name].get(what, 0) for name in names)

    def cpu(*names: str) -> float:
        return counted(CPU, *names)

    def log(program: Program) -> float:
        return (log_bytes(ring.folder(program)) - log_before[program.name]) / counted(APPENDED, program.name)

    own = [program.name for program in ingestors]
    sent, kept = counted(SENT, prometheus.name), counted(APPENDED, *own)
    series = median(after[name][SERIES] for name in own)
    memory = median(page[MEMORY] for name in own for page in pages[name])
    return {
        "series": after[prometheus.name][SERIES],
        "samples/s": sent / seconds,
        "Prometheus: samples/s per core": sent / cpu(prometheus.name),
        "router: samples/s per core": sent / cpu(router.name),
        "ingestor: samples/s per core": kept / cpu(*own),
        "samples/s per core": sent / cpu(router.name, *own),
        "copies": kept / sent,
        "Prometheus: memory": median(page[MEMORY] for page in pages[prometheus.name]),
        "Prometheus: memory, model": capacity.prometheus_memory(after[prometheus.name][SERIES]),
        "Prometheus: WAL per sample": log(prometheus),
        "ingestor: memory": memory,
        "ingestor: memory, model": capacity.ingestor_memory(series),
        "ingestor: WAL per sample": median(log(program) for program in ingestors),
        "WAL per sample, model": capacity.WAL_BYTES_PER_SAMPLE,
    }


def log_bytes(folder: Path) -> int:
    """Bytes of the log, whoever's."""
    return sum(file.stat().st_size for file in folder.rglob("wal/*") if file.is_file())


MEASUREMENT = figures.Measurement(
    name="ingestion",
    title="Ingestion, memory and disk",
    about=f"A Prometheus scrapes {RING_SERIES:,} series of services that keep the contract every {INTERVAL} s and "
    "sends them on, as deployed: TLS, queue, router, three ingestors with three copies; then one ingestor, one copy. "
    f"CPU time of each process over {WINDOW} s, medians of memory, the log's growth.",
    measure=measure,
    figures=(
        Figure(name="series", what="series", unit=""),
        Figure(name="samples/s", what="samples/s", unit=""),
        *(
            figure
            for program in PER_CORE
            for figure in (
                Figure(name=f"{program}: {COPIES}, model", what="the model", unit=""),
                Figure(
                    name=f"{program}: {COPIES}",
                    what=f"{program}, {COPIES}",
                    unit="",
                    baseline=f"{program}: {COPIES}, model",
                ),
            )
        ),
        Figure(name=ONE_COPY, what="one ingestor, one copy", unit=""),
        Figure(
            name=COPIES, what="router and three ingestors, three copies: samples/s per core", unit="", baseline=ONE_COPY
        ),
        Figure(name="copies", what="copies that were kept of a sample", unit=""),
        *(
            figure
            for program in WITH_HEAD
            for figure in (
                Figure(name=f"{program}: memory, model", what="the model", unit="B"),
                Figure(
                    name=f"{program}: memory", what=f"{program}: memory", unit="B", baseline=f"{program}: memory, model"
                ),
            )
        ),
        Figure(name="WAL per sample, model", what="log, a sample: the model", unit="B"),
        *(
            Figure(
                name=f"{program}: WAL per sample",
                what=f"{program}: log, a sample",
                unit="B",
                baseline="WAL per sample, model",
            )
            for program in WITH_HEAD
        ),
    ),
    bounds=(
        *(
            Bound(
                what=f"{program}, samples/s per core, of the model",
                of=partial(ratio, one=f"{program}: {COPIES}", other=f"{program}: {COPIES}, model"),
                bound=1 - TOLERANCE,
                at_least=True,
            )
            for program in PER_CORE
        ),
        *(model_deviation(f"{program}: memory", f"{program}: memory") for program in WITH_HEAD),
        *(
            model_deviation(f"{program}: WAL per sample", f"{program}: log, a sample", model="WAL per sample, model")
            for program in WITH_HEAD
        ),
    ),
    tools=("prometheus", "thanos"),
)
