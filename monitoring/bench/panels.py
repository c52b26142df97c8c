"""Queries of panels over recorded series, beside the same over the raw series that the rules read; bytes of blocks."""

from __future__ import annotations

import json
import math
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitoring.bench.figures import Bound, Figure, Measurement, Setting, Values, median, model_deviation, ratio
from monitoring.bench.raw_queries import expressions, raw, recorded_in
from monitoring.bench.services import pods
from monitoring.blueprint.capacity import needs as capacity
from monitoring.blueprint.dashboards import FOLDER
from monitoring.blueprint.values.charts import ROOT
from monitoring.local.region import LOOPBACK
from monitoring.processes import free_ports, running

PANELS = (
    ("fleet", "Requests"),
    ("fleet", "Errors"),
    ("fleet", "Duration, 95th percentile"),
    ("application", "Transactions"),
    ("application", "Transactions that fail"),
    ("application", "Revenue per minute"),
)
"""Dashboard and title."""

SERIES = 100_000
SPAN = 3600
"""Seconds that a panel shows."""

WINDOW = 300
"""Seconds of `rate` in the rules, before the first point."""

BLOCK = 7200
"""Seconds of a block: they begin at even hours, and what lies over two of them takes more bytes."""

STEP = 30
"""Seconds between points: Grafana asks for no more than are scraped."""

RUNS = 10
RECORDED, RAW = "recorded", "raw"
LIMIT = "samples at once: deployed limit"
PATIENCE = 300


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Of a query: seconds until it was there, the series, and how many samples were in memory at once."""

    seconds: float
    series: list[dict[str, Any]]
    samples: int


@dataclass(frozen=True, kw_only=True)
class Database:
    """A Prometheus over blocks; `until` is the time of the newest samples (seconds since 1970)."""

    port: int
    until: int

    def query(self, text: str) -> Answer:
        """Over the span."""
        asked = {"query": text, "start": self.until - SPAN, "end": self.until, "step": STEP, "stats": "all"}
        url = f"http://{LOOPBACK}:{self.port}/api/v1/query_range"
        began = time.perf_counter()
        with urllib.request.urlopen(url, data=urllib.parse.urlencode(asked).encode(), timeout=PATIENCE) as answer:
            body = answer.read()
        seconds = time.perf_counter() - began
        data = json.loads(body)["data"]
        return Answer(seconds=seconds, series=data["result"], samples=data["stats"]["samples"]["peakSamples"])


def measure(setting: Setting) -> dict[str, float]:
    """Medians of the queries, in turns; the first of each is not counted."""
    promtool, known = setting.tool("promtool"), expressions()
    until = int(time.time()) // BLOCK * BLOCK - STEP
    setting.say("write the raw series of an hour")
    data = setting.folder / "data"
    services = pods(int(SERIES * setting.scale))
    times = range(until - SPAN - WINDOW, until + 1, STEP)
    _write(data, (line for pod in services for line in pod.history(times)), promtool=promtool)
    values = _blocks(data) | {LIMIT: setting.fleet.regions[0].load.samples_per_query}
    asked = {title: _query(dashboard, title) for dashboard, title in PANELS}
    with _serving(setting, data, until) as database:
        setting.say("record what the rules would have recorded")
        names = sorted({name for text in asked.values() for name in recorded_in(text, known)})
        recorded = {name: database.query(raw(known[name], known, promtool=promtool)).series for name in names}
    _write(data, (line for name in names for line in _lines(name, recorded[name])), promtool=promtool)
    with _serving(setting, data, until) as database:
        for title, text in asked.items():
            of_raw = raw(text, known, promtool=promtool)
            for name, answers in _compared(setting, database, title, text, of_raw).items():
                values[f"{title}: {name}"] = median(answer.seconds for answer in answers)
                values[_most(name)] = max(values.get(_most(name), 0), *(answer.samples for answer in answers))
    return values


def _compared(
    setting: Setting, database: Database, title: str, recorded: str, of_raw: str
) -> Mapping[str, Sequence[Answer]]:
    """Answers to both queries, in turns; RuntimeError where they do not draw the same."""
    answers: dict[str, list[Answer]] = {RECORDED: [], RAW: []}
    for turn in range(setting.scaled(RUNS) + 1):
        setting.say(f"panel {title}, {turn} of {RUNS}")
        for name, query in ((RECORDED, recorded), (RAW, of_raw)):
            answers[name].append(database.query(query))
        drawn = [of[-1].series for of in answers.values()]
        if not drawn[0] or not same(*drawn):
            raise RuntimeError(f"panel {title} must draw the same from raw series, got another answer to {of_raw}")
    return {name: of[1:] for name, of in answers.items()}


def same(one: Sequence[Mapping[str, Any]], other: Sequence[Mapping[str, Any]]) -> bool:
    """Whether two answers have the same series with the same values, NaN included."""
    mine, theirs = ({tuple(sorted(of["metric"].items())): of["values"] for of in answer} for answer in (one, other))
    return mine.keys() == theirs.keys() and all(
        len(values) == len(theirs[labels])
        and all(a[0] == b[0] and _close(float(a[1]), float(b[1])) for a, b in zip(values, theirs[labels], strict=True))
        for labels, values in mine.items()
    )


def _close(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-9) or (math.isnan(one) and math.isnan(other))


def _query(dashboard: str, title: str) -> str:
    """A panel's own, with all that can be chosen chosen."""
    page = json.loads((ROOT / FOLDER / f"{dashboard}.json").read_text(encoding="utf-8"))
    (text,) = (one["expr"] for panel in page["panels"] if panel["title"] == title for one in panel["targets"])
    for variable in ("$cluster", "$namespace", "$job"):
        text = text.replace(variable, ".*")
    return str(text)


@contextmanager
def _serving(setting: Setting, data: Path, until: int) -> Iterator[Database]:
    config = setting.folder / "prometheus.yml"
    config.write_text("{}", encoding="utf-8")
    (port,) = free_ports(1)
    line = [
        str(setting.tool("prometheus")),
        f"--config.file={config}",
        f"--storage.tsdb.path={data}",
        f"--web.listen-address={LOOPBACK}:{port}",
    ]
    with running(line, log=setting.folder / "prometheus.log", port=port):
        yield Database(port=port, until=until)


def _blocks(data: Path) -> dict[str, float]:
    """Bytes per sample in the blocks, and of the index per series."""
    metas = [json.loads(file.read_text(encoding="utf-8"))["stats"] for file in data.glob("*/meta.json")]
    samples, series = (sum(meta[key] for meta in metas) for key in ("numSamples", "numSeries"))
    chunks = sum(file.stat().st_size for file in data.glob("*/chunks/*"))
    index = sum(file.stat().st_size for file in data.glob("*/index"))
    return {
        "blocks: bytes per sample": chunks / samples,
        "blocks: bytes per sample, model": capacity.BYTES_PER_SAMPLE,
        "blocks: index, bytes per series": index / series,
    }


def _write(data: Path, lines: Iterable[str], *, promtool: Path) -> None:
    """Blocks of lines of OpenMetrics."""
    text = data.with_suffix(".om")
    with text.open("w", encoding="utf-8") as file:
        file.writelines(lines)
        file.write("# EOF\n")
    line = [str(promtool), "tsdb", "create-blocks-from", "openmetrics", "--quiet", str(text), str(data)]
    subprocess.run(line, check=True, capture_output=True, text=True)  # noqa: S603  (no shell)
    text.unlink()


def _lines(name: str, found: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for one in found:
        labels = ",".join(f'{label}="{text}"' for label, text in one["metric"].items() if label != "__name__")
        yield from (f"{name}{{{labels}}} {value} {at}\n" for at, value in one["values"])


def _most(name: str) -> str:
    return f"samples at once: {name}"


def _least_gain(values: Values) -> float:
    return min(ratio(values, f"{title}: {RAW}", f"{title}: {RECORDED}") for _, title in PANELS)


MEASUREMENT = Measurement(
    name="panels",
    title="Panels",
    about=f"Blocks with an hour of {SERIES:,} series, a sample every {STEP} s; what the rules would have recorded of "
    "them; and a Prometheus over both. The panels' own queries over that hour, a point every "
    f"{STEP} s, of every region, namespace and job. Medians of {RUNS}, in turns; the first of each is not counted.",
    measure=measure,
    figures=(
        *(
            figure
            for dashboard, title in PANELS
            for figure in (
                Figure(name=f"{title}: {RAW}", what="raw series", unit="s"),
                Figure(
                    name=f"{title}: {RECORDED}",
                    what=f"{dashboard}, {title}: recorded series",
                    unit="s",
                    baseline=f"{title}: {RAW}",
                ),
            )
        ),
        Figure(name=LIMIT, what="a query may hold, as deployed: samples", unit=""),
        Figure(name=_most(RAW), what="the heaviest query of raw series holds", unit="", baseline=LIMIT),
        Figure(name=_most(RECORDED), what="the heaviest query of recorded series holds", unit="", baseline=LIMIT),
        Figure(name="blocks: bytes per sample, model", what="the model", unit="B"),
        Figure(
            name="blocks: bytes per sample",
            what="blocks: a sample, without the index",
            unit="B",
            baseline="blocks: bytes per sample, model",
        ),
        Figure(name="blocks: index, bytes per series", what="blocks of an hour: index, a series", unit="B"),
    ),
    bounds=(
        Bound(what="raw / recorded, the panel that gains least", of=_least_gain, bound=3, at_least=True),
        Bound(
            what="samples that the heaviest query of recorded series holds, of the limit",
            of=lambda values: ratio(values, _most(RECORDED), LIMIT),
            bound=0.5,
        ),
        model_deviation("blocks: bytes per sample", "blocks, a sample"),
    ),
    tools=("prometheus",),
)
