"""What is wrong with a service's page of metrics: one function a rule, all pure.

Names and units are those of https://prometheus.io/docs/practices/naming/ and of OpenMetrics 1.0, labels those of
docs/application-metrics.md.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from monitoring.exposition.page import OWN_LABEL, Family, Page
from monitoring.exposition.syntax import Sample
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

TIMES = ("duration", "latency", "elapsed", "uptime")
QUANTITIES: Mapping[str, str] = {
    **dict.fromkeys((*TIMES, "delay", "age", "timeout"), "seconds"),
    **dict.fromkeys(("memory", "body_size", "file_size", "message_size", "request_size", "response_size"), "bytes"),
    **dict.fromkeys(("fraction", "share"), "ratio"),
}
"""Words after which a unit must come, and the likely one; a counter may count delays, sizes and time-outs.

Other sizes, and lags, may be of anything: jobs in a queue, records of a partition.
"""

STATISTICS = re.compile(r"avg|average|mean|max|min|limit|current|last|used|free|available")
"""Words that may stand after a quantity and its unit."""

LIBRARIES = re.compile(
    r"(go|promhttp|python|ruby|puma|sidekiq|nodejs|process|tokio|dotnet|aspnetcore|kestrel|httpclient)_"
    r"|(jvm|tomcat|jetty|hikaricp|jdbc|kafka|logback|log4j2|executor|system|disk|caffeine|guava)_"
    r"|application_(ready|started)_|http_(server|client)_|target_info$"
)
"""What client libraries and frameworks say by themselves: no team chose those names and labels."""

EXPORTERS = re.compile(
    r"(node|windows|kube|kubelet|container|machine|probe|pg|redis|certmanager|grafana|oauth2_proxy)_"
    r"|(prometheus|alertmanager|thanos)_"
)
"""What exporters and servers say: their labels name machines, disks and addresses, which are there once."""

BY_THE_SCRAPE = frozenset(
    {"cluster", "container", "endpoint", "environment", "instance", "job", "namespace", "node", "pod", "region"}
    | {"prometheus", "prometheus_replica", "service"}
)
"""Labels that every series gets from the scrape; the page's own would come back as `exported_…`."""

PEOPLE = frozenset({"customer", "email", "phone", "query", "session", "sql", "token", "user", "username"})
"""Label names, with `_id` or without, that have no end even on an info metric."""

UNBOUNDED = PEOPLE | {
    *("address", "guid", "id", "ip", "ip_address", "path", "remote_addr", "uri", "url", "user_agent", "uuid")
}
"""Label names whose values nobody can list beforehand; so are all that end in `_id`, `_ip`, `_url`, `_path`."""

BUILD = re.compile(r"(.*_)?(version|release|revision|commit|sha|branch|build|tag|port)")
"""Labels that say what runs and where: a process has one value of them, whatever it looks like."""

VALUES: Mapping[str, re.Pattern[str]] = {
    "a UUID": re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE),
    "a number of many digits": re.compile(r"\d{5,}"),
    "a hash": re.compile(r"(?=.*\d)[0-9a-f]{16,}", re.IGNORECASE),
    "an e-mail address": re.compile(r"[^@\s/]+@[^@\s/]+\.\w+"),
    "an IP address": re.compile(r"(?!0)\d{1,3}(\.\d{1,3}){3}(:\d+)?"),
    "a URL": re.compile(r"https?://.*"),
    "a raw path": re.compile(r"/(.*/)?(\d+|[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12})(/.*)?", re.IGNORECASE),
}

_SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_IN_NAMES = ("counter", "gauge", "histogram", "summary")
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
    told_of = {line for family in page.families for line, _ in family.faults}
    strict = [(line, message) for line, message in page.faults if line not in told_of]
    found = [Finding(line=line, metric="", rule="page", message=message) for line, message in strict]
    for family in page.families:
        is_a_teams = not (LIBRARIES.match(family.name) or EXPORTERS.match(family.name))
        rules = (*RULES, *OF_A_TEAM) if is_a_teams else RULES
        told = [(family.line, rule, message) for rule, check in rules for message in check(family)]
        told += [(line, "page", message) for line, message in family.faults]
        if (count := len(family.series())) > max_series:
            told.append((family.line, "cardinality", f"must have at most {max_series} label sets, got {count}"))
        found += [Finding(line=line, metric=family.name, rule=rule, message=message) for line, rule, message in told]
    return sorted(set(found))


def has_metadata(family: Family) -> Iterator[str]:
    """TYPE and HELP; no series twice."""
    if not family.type:
        yield "must have its type (# TYPE)"
    if not family.help:
        yield "must have its meaning (# HELP)"
    series = [sample.series for sample in family.samples if not sample.timestamp]
    if len(series) != len(set(series)):
        yield "must say each series once"


def has_cumulative_buckets(family: Family) -> Iterator[str]:
    """The buckets of a histogram: cumulative up to `+Inf`, which is its count; one example of each fault."""
    if OWN_LABEL.get(family.type) != "le":
        return
    faults: dict[str, str] = {}
    for labels, samples in family.series().items():
        which = ", ".join(f'{name}="{value}"' for name, value in labels)
        for message in _fault_of_buckets(samples):
            faults.setdefault(message.partition(",")[0], f"{message} in {{{which}}}" if which else message)
    yield from faults.values()


def _fault_of_buckets(samples: Sequence[Sample]) -> Iterator[str]:
    """What is wrong with one series of a histogram; where it has times of its own, with the first one's."""
    parts = [sample for sample in samples if sample.timestamp == samples[0].timestamp]
    buckets = [sample for sample in parts if sample.name.endswith("_bucket")]
    counts = {_number(one.labels.get("le", "")): one.value for one in buckets}
    if None in counts:
        yield from ("must have the label le on each bucket" for one in buckets if not one.labels.get("le"))
        return
    if math.inf not in counts:
        yield "must have a bucket +Inf"
        return
    for (_, low), (bound, high) in pairwise(sorted(counts.items())):
        if high < low:
            yield f"must not fall from bucket to bucket, got {high:g} after {low:g} at le={bound:g}"
            return
    count = next((one.value for one in parts if one.name.endswith(("_count", "_gcount"))), None)
    if count not in {None, counts[math.inf]}:
        yield f"must have the count of its bucket +Inf, got {count} and {counts[math.inf]}"


def untimed(family: Family) -> Iterator[str]:
    """No times."""
    if any(sample.timestamp for sample in family.samples):
        yield "must leave the time to the scrape: with one of its own, a series that ended goes on"


def divided(family: Family) -> Iterator[str]:
    """A histogram has bounds."""
    bounds = {sample.labels["le"] for sample in family.samples if "le" in sample.labels}
    if family.type == "histogram" and {_number(bound) for bound in bounds} == {math.inf}:
        yield "must have a bucket below +Inf: without one there are no quantiles"


def named(family: Family) -> Iterator[str]:
    """`{namespace}_{subsystem}_{name}_{unit}`."""
    if ":" in family.name:
        yield "must have no colon: those are the names of recording rules"
    elif not _SNAKE.fullmatch(family.name):
        yield "must be in snake_case"
    elif "_" not in _SUFFIX.sub("", family.name):
        yield "must begin with a namespace: {namespace}_{subsystem}_{name}_{unit}"
    if family.type in _IN_NAMES and re.search(rf"_{family.type}(_|$)", family.name):
        yield f"must not have its type {family.type} in its name"


def suffixed(family: Family) -> Iterator[str]:
    """`_total` for counters, and for nothing else."""
    if not _known(family):
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
    words = _SUFFIX.sub("", family.name).lower().split("_")
    wrong = [word for last, word in pairwise(words) if word in OTHER_UNITS and last != "per"]
    for word in wrong:
        yield f"must be in the base unit {OTHER_UNITS[word]}, got {word}"
    if wrong or words[-1] in BASE_UNITS or "per" in words:
        return
    while STATISTICS.fullmatch(words[-1]) and words[1:]:
        words.pop()
    quantities = TIMES if family.type == "counter" else QUANTITIES
    quantity = next((one for one in (words[-1], "_".join(words[-2:])) if one in quantities), None)
    if quantity:
        yield f"must end in its unit: a {quantity.replace('_', ' ')} is probably in {QUANTITIES[quantity]}"
    elif family.type in {"histogram", "summary"} and not words[-1].endswith("s"):
        yield f"must end in its unit, since it is a {family.type}: seconds, bytes, ratio, or what is counted"


def labelled(family: Family) -> Iterator[str]:
    """Label names that are few-valued, ours to give, and written alike; no empty values."""
    for label in sorted({name for sample in family.samples for name in sample.labels}):
        values = {sample.labels[label] for sample in family.samples if label in sample.labels}
        snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", label).lower()
        if "" in values:
            yield f"label {label} must have a value: to Prometheus an empty one is no label"
        if label in {"le", "quantile"}:
            if _known(family) and label != OWN_LABEL.get(family.type):
                kinds = {"le": "histograms", "quantile": "summaries"}
                yield f"label {label} must be on {kinds[label]} only"
            yield from (f"label {label} must be a number, got {one}" for one in sorted(values) if _number(one) is None)
        elif label.startswith("otel_scope_"):  # what OpenTelemetry's exporters add
            continue
        elif label in BY_THE_SCRAPE or label.startswith(("__", "exported_")):
            yield f"label {label} must be left to the scrape"
        elif snake.removesuffix("_id") in PEOPLE or (
            not _is_info(family) and (snake in UNBOUNDED or snake.endswith(("_id", "_ip", "_url", "_path", "_uuid")))
        ):
            yield f"label {label} must not be: each of its values is a series, and nobody can list them beforehand"
        elif not _SNAKE.fullmatch(label) and family.type != "stateset":
            yield f"label {label} must be in snake_case"


def bounded(family: Family) -> Iterator[str]:
    """Label values that look as if there were ever more of them; one example per label."""
    told: set[str] = {"le", "quantile", "otel_scope_schema_url"}
    for label, value in sorted({pair for labels in family.series() for pair in labels}):
        if _is_info(family) or label in told or BUILD.fullmatch(label):
            continue
        looks = next((what for what, pattern in VALUES.items() if pattern.fullmatch(value)), None)
        if looks:
            told.add(label)
            yield f"label {label} must be of few values, got {looks}: {value}"


def agreed(family: Family) -> Iterator[str]:
    """What has a name of the contract has its type, and on each series its labels and buckets."""
    one = next((one for one in CONTRACT if one.name == family.name), None)
    if one is None:
        return
    if family.type != one.type:
        yield f"must be a {one.type} by the contract, got {family.type or 'no type'}"
    wanted = ", ".join(f"{bound:g}" for bound in one.buckets)
    for labels, samples in family.series().items():
        names = [name for name, _ in labels]
        if names != sorted(one.labels):
            yield f"must have the labels {', '.join(one.labels)} by the contract, got {', '.join(names) or 'none'}"
        bounds = {bound for sample in samples if (bound := _number(sample.labels.get("le", ""))) is not None}
        if one.buckets and bounds - {math.inf} != set(one.buckets):
            got = ", ".join(f"{bound:g}" for bound in sorted(bounds - {math.inf})) or "none"
            yield f"must have the buckets {wanted} by the contract, got {got}"


def _known(family: Family) -> bool:
    return family.type not in {"", "unknown"}


def _is_info(family: Family) -> bool:
    """Whether it says what something is, by labels of a series that is 1 all its life."""
    return family.type in {"info", "stateset"} or family.name.endswith("_info")


def _number(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


Rules = tuple[tuple[str, Callable[[Family], Iterator[str]]], ...]

RULES: Rules = (("page", has_metadata), ("histogram", has_cumulative_buckets), ("contract", agreed))
"""Those that hold for everybody."""

OF_A_TEAM: Rules = (
    ("page", untimed),
    ("histogram", divided),
    ("name", named),
    ("suffix", suffixed),
    ("unit", measured),
    ("label", labelled),
    ("cardinality", bounded),
)
"""Those that hold for what a team chose."""
