"""What is wrong with a service's page of metrics: one function a rule, all pure.

Names and units are those of https://prometheus.io/docs/practices/naming/ and of OpenMetrics 1.0, labels those of
docs/application-metrics.md.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from monitoring.commands._exposition import Family, Page
from oversight_metrics.contract import CONTRACT

MAX_SERIES = 1000
"""Label sets per metric and process, unless told otherwise: a histogram of the contract is nine series for each."""

BASE_UNITS = frozenset({"seconds", "bytes", "ratio", "celsius", "meters", "volts", "amperes", "joules", "grams"})
OTHER_UNITS: Mapping[str, str] = {
    **dict.fromkeys(("milliseconds", "millis", "ms", "msec", "microseconds", "micros", "us", "usec"), "seconds"),
    **dict.fromkeys(("nanoseconds", "nanos", "ns", "s", "sec", "secs", "second"), "seconds"),
    **dict.fromkeys(("minute", "minutes", "hour", "hours", "day", "days", "week", "weeks"), "seconds"),
    **dict.fromkeys(("kilobytes", "megabytes", "gigabytes", "kibibytes", "mebibytes", "gibibytes"), "bytes"),
    **dict.fromkeys(("kb", "mb", "gb", "tb", "kib", "mib", "gib", "tib", "byte", "bits"), "bytes"),
    **dict.fromkeys(("percent", "percents", "percentage", "pct"), "ratio"),
    **dict.fromkeys(("fahrenheit", "kelvin"), "celsius"),
}
"""Base unit by the words that are said instead of it."""

QUANTITIES: Mapping[str, str] = {
    **dict.fromkeys(("duration", "latency", "elapsed", "delay", "lag", "age", "uptime", "timeout"), "seconds"),
    **dict.fromkeys(("memory", "size"), "bytes"),
    **dict.fromkeys(("fraction", "share"), "ratio"),
}
"""Words after which a unit must come, and the likely one."""

RUNTIMES = ("go_", "jvm_", "nodejs_", "process_", "python_", "promhttp_")
"""What the client libraries say themselves: no team chose those names."""

BY_THE_SCRAPE = frozenset(
    {"cluster", "container", "endpoint", "environment", "instance", "job", "namespace", "node", "pod", "region"}
    | {"prometheus", "prometheus_replica", "service"}
)
"""Labels that every series gets from the scrape; the page's own would come back as `exported_…`."""

UNBOUNDED = frozenset(
    {"address", "customer", "email", "guid", "id", "ip", "ip_address", "path", "phone", "query"}
    | {"remote_addr", "session", "sql", "token", "uri", "url", "user", "user_agent", "username", "uuid"}
)
"""Label names whose values nobody can list beforehand; so are all that end in `_id`, `_ip`, `_url`, `_path`."""

VALUES: Mapping[str, re.Pattern[str]] = {
    "a UUID": re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE),
    "a number of many digits": re.compile(r"\d{5,}"),
    "a hash": re.compile(r"(?=.*\d)[0-9a-f]{16,}", re.IGNORECASE),
    "an e-mail address": re.compile(r"[^@\s/]+@[^@\s/]+\.\w+"),
    "an IP address": re.compile(r"\d{1,3}(\.\d{1,3}){3}(:\d+)?"),
    "a URL": re.compile(r"https?://.*"),
    "a raw path": re.compile(r"/(.*/)?(\d+|[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12})(/.*)?", re.IGNORECASE),
}

_SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_SUFFIX = re.compile(r"_(total|info|bucket|sum|count)$")


@dataclass(frozen=True, kw_only=True, order=True)
class Finding:
    """One thing wrong with one metric; `line` is where the page first says it."""

    line: int
    metric: str
    rule: str
    message: str


def lint(page: Page, *, max_series: int = MAX_SERIES) -> list[Finding]:
    """All that is wrong, in the page's order."""
    found = [
        Finding(line=family.line, metric=family.name, rule=rule, message=message)
        for family in page.families
        for rule, check in RULES.items()
        for message in check(family)
    ]
    if page.fault:
        found.append(Finding(line=1, metric="", rule="page", message=f"must be OpenMetrics, got {page.fault}"))
    blocks = Counter(family.name for family in page.families)
    for family in page.families:
        if blocks[family.name] > 1:
            message = "must be said in one block"
            found.append(Finding(line=family.line, metric=family.name, rule="page", message=message))
        count = len(list(family.label_sets()))
        if count > max_series:
            message = f"must have at most {max_series} label sets, got {count}"
            found.append(Finding(line=family.line, metric=family.name, rule="cardinality", message=message))
    return sorted(set(found))


def said_whole(family: Family) -> Iterator[str]:
    """TYPE and HELP; no times; no series twice."""
    if not family.type:
        yield "must have its type (# TYPE)"
    if not family.help:
        yield "must have its meaning (# HELP)"
    if any(sample.timed for sample in family.samples):
        yield "must leave the time to the scrape: with one of its own, a series that ended goes on"
    series = [(sample.name, tuple(sorted(sample.labels.items()))) for sample in family.samples]
    if len(series) != len(set(series)):
        yield "must say each series once"


def named(family: Family) -> Iterator[str]:
    """`{namespace}_{subsystem}_{name}_{unit}`."""
    if family.name.startswith(RUNTIMES):
        return
    if ":" in family.name:
        yield "must have no colon: those are the names of recording rules"
    elif not _SNAKE.fullmatch(family.name):
        yield "must be in snake_case"
    elif "_" not in _SUFFIX.sub("", family.name):
        yield "must begin with a namespace: {namespace}_{subsystem}_{name}_{unit}"
    if family.type and re.search(rf"_{family.type}(_|$)", family.name):
        yield f"must not have its type {family.type} in its name"


def suffixed(family: Family) -> Iterator[str]:
    """`_total` for counters, and for nothing else."""
    if not family.type or family.name.startswith(RUNTIMES):
        return
    if family.type == "counter" and not family.name.endswith("_total"):
        yield "must end in _total, since it is a counter"
    if family.type != "counter" and family.name.endswith("_total"):
        yield f"must not end in _total, since it is a {family.type}"
    reserved = re.search(r"_(bucket|sum|count)$", family.name)
    if reserved:
        yield f"must not end in {reserved[0]}, which is part of a histogram"


def measured(family: Family) -> Iterator[str]:
    """Base units, at the end of the name."""
    if family.name.startswith(RUNTIMES):
        return
    words = _SUFFIX.sub("", family.name).lower().split("_")
    wrong = [word for word in words[1:] if word in OTHER_UNITS]
    for word in wrong:
        yield f"must be in the base unit {OTHER_UNITS[word]}, got {word}"
    if wrong or words[-1] in BASE_UNITS:
        return
    quantity = next((word for word in words if word in QUANTITIES), None)
    if quantity:
        yield f"must end in its unit: a {quantity} is probably in {QUANTITIES[quantity]}"
    elif family.type in {"histogram", "summary"} and not words[-1].endswith("s"):
        yield f"must end in its unit, since it is a {family.type}: seconds, bytes, ratio, or what is counted"


def labelled(family: Family) -> Iterator[str]:
    """Label names that are few-valued, ours to give, and written alike."""
    own = {"histogram": "le", "summary": "quantile"}.get(family.type)
    for label in sorted({name for sample in family.samples for name in sample.labels}):
        snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", label).lower()
        if label in {"le", "quantile"}:
            if label != own and family.type:
                kinds = {"le": "histograms", "quantile": "summaries"}
                yield f"label {label} must be on {kinds[label]} only"
            values = {sample.labels[label] for sample in family.samples if label in sample.labels}
            yield from (
                f"label {label} must be a number, got {value}" for value in sorted(values) if _number(value) is None
            )
        elif label in BY_THE_SCRAPE or label.startswith(("__", "exported_")):
            yield f"label {label} must be left to the scrape"
        elif snake in UNBOUNDED or snake.endswith(("_id", "_ip", "_url", "_path", "_uuid")):
            yield f"label {label} must not be: each of its values is a series, and nobody can list them beforehand"
        elif not _SNAKE.fullmatch(label):
            yield f"label {label} must be in snake_case"


def bounded(family: Family) -> Iterator[str]:
    """Label values that look as if there were ever more of them; one example per label."""
    told: set[str] = set()
    for labels in family.label_sets():
        for label, value in labels:
            looks = next((what for what, pattern in VALUES.items() if pattern.fullmatch(value)), None)
            if looks and label not in told:
                told.add(label)
                yield f"label {label} must be of few values, got {looks}: {value}"


def agreed(family: Family) -> Iterator[str]:
    """What has a name of the contract has its type, labels and buckets."""
    one = next((one for one in CONTRACT if one.name == family.name), None)
    if one is None:
        return
    if family.type != one.type:
        yield f"must be a {one.type} by the contract, got {family.type or 'no type'}"
    labels = {name for labels in family.label_sets() for name, _ in labels}
    if labels and labels != set(one.labels):
        yield f"must have the labels {', '.join(one.labels)} by the contract, got {', '.join(sorted(labels))}"
    bounds = {
        bound for sample in family.samples if (bound := _number(sample.labels.get("le", ""))) not in {None, math.inf}
    }
    if bounds and bounds != set(one.buckets):
        wanted, got = (", ".join(f"{bound:g}" for bound in sorted(some)) for some in (one.buckets, bounds))
        yield f"must have the buckets {wanted} by the contract, got {got}"


def _number(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


RULES: Mapping[str, Callable[[Family], Iterator[str]]] = {
    "page": said_whole,
    "name": named,
    "suffix": suffixed,
    "unit": measured,
    "label": labelled,
    "cardinality": bounded,
    "contract": agreed,
}
