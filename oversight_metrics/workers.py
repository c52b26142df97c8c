"""The metrics of several worker processes, from the folder in which they share their values."""

from __future__ import annotations

import logging
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from oversight_metrics.contract import CONTRACT, MetricFamily
from oversight_metrics.labels import beyond

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names the folder in which worker processes share their values (prometheus_client's own)."""

_LOG = logging.getLogger(__name__)
_FAMILIES = {family.name.removesuffix("_total"): family for family in CONTRACT}
_OVER = _FAMILIES["oversight_metrics_over_limit"]


def set_aside_damaged() -> None:
    """Rename the files of this process' id that cannot be read: prometheus_client would fail each call on them.

    An earlier process of the same id has left them, as ids come again in a container.
    """
    for file in Path(os.environ.get(FOLDER) or os.devnull).glob(f"*_{os.getpid()}.db"):
        try:
            _merged([str(file)])
        except Exception:
            _LOG.exception("%s is damaged, it is set aside", file)
            file.replace(file.with_suffix(".damaged"))


class Workers(Collector):
    """prometheus_client's collector, which a damaged file does not stop, with the contract's limits of label sets.

    A file is damaged when its worker was killed while it made it, or the disk was full. Each worker keeps the limits
    by itself; of all workers together the label sets that were seen first stay.
    """

    def __init__(self) -> None:
        self._left_out: set[str] = set()
        self._known: dict[str, set[tuple[str, ...]]] = defaultdict(set)

    def collect(self) -> Iterator[Metric]:
        """The sum of the files that can be read, and how many cannot."""
        files = [str(file) for file in Path(os.environ[FOLDER]).glob("*.db")]
        try:
            metrics = _merged(files)
        except Exception:
            metrics = _merged([file for file in files if self._whole(file)])
        over: dict[str, float] = defaultdict(float)
        for metric in metrics:
            if metric.name == _OVER.name.removesuffix("_total"):
                for sample in metric.samples:
                    over[sample.labels["metric"]] += sample.value
                continue
            family = _FAMILIES.get(metric.name)
            if family is not None:
                over[family.name] += _bound(metric, family, self._known[family.name])
            yield metric
        counter = CounterMetricFamily(_OVER.name, _OVER.help, labels=_OVER.labels)
        for name in sorted(name for name in over if over[name]):
            counter.add_metric([name], over[name])
        yield counter
        yield CounterMetricFamily(
            "oversight_metrics_files_left_out",
            "Files of worker processes that are damaged: what they counted is not on this page.",
            value=len(self._left_out),
        )

    def _whole(self, file: str) -> bool:
        """Whether the file can be read; of one that cannot, a line in the log, once."""
        try:
            _merged([file])
        except FileNotFoundError:  # deleted since the folder was read
            return False
        except Exception:
            if file not in self._left_out:
                self._left_out.add(file)
                _LOG.exception("%s is damaged, the page does without it", file)
            return False
        return True


def _merged(files: list[str]) -> list[Metric]:
    return list(MultiProcessCollector.merge(files))  # type: ignore[no-untyped-call]


def _bound(metric: Metric, family: MetricFamily, known: set[tuple[str, ...]]) -> float:
    """Put the label sets beyond the limit into that of `other`; how many events they are. `known` are those to stay."""
    rest = beyond(family)
    sets = {tuple(sample.labels[label] for label in family.labels) for sample in metric.samples}
    new = sorted(one for one in sets - known if rest(one) != one)
    room = family.label_sets - len(known)
    known.update(new[:room])
    gone = set(new[room:])
    if not gone:
        return 0
    events, merged = 0.0, defaultdict[tuple[str, tuple[tuple[str, str], ...]], float](float)
    for sample in metric.samples:
        one, labels = tuple(sample.labels[label] for label in family.labels), sample.labels
        if one in gone:
            labels = {**labels, **dict(zip(family.labels, rest(one), strict=True))}
            events += sample.value if sample.name.endswith(("_total", "_count")) else 0
        merged[sample.name, tuple(labels.items())] += sample.value
    metric.samples = [Sample(name, dict(labels), value) for (name, labels), value in merged.items()]
    return events
