"""What a scrape of another region costs: its aggregates, beside everything that it has."""

from __future__ import annotations

import gzip
import json
import time
import urllib.parse
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from monitoring.bench.figures import Bound, Figure, Measurement, Setting, median, ratio
from monitoring.bench.ring import Ring, eventually, running
from monitoring.blueprint.objects.federation import PATH
from monitoring.blueprint.rules.loader import rules
from monitoring.blueprint.scraping import federation, limits
from monitoring.fleet import Duration, Size
from monitoring.processes import PATIENCE

INTERVAL = 10
"""Seconds between scrapes of the pods, and between evaluations of the rules."""

SCRAPES = 11
EVERYTHING = ('{__name__=~".+"}',)
ROUNDS = 2
"""Evaluations of every group: rules read what rules of other groups recorded a round before."""

TIMEOUT = Duration.parse("10s")
"""Prometheus' own, which the job keeps."""


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A page as it came: seconds until its last byte, bytes on the wire, bytes of text, samples."""

    seconds: float
    wire: int
    text: int
    samples: int


def measure(setting: Setting) -> dict[str, float]:
    """Medians of the scrapes, in turns."""
    region = setting.fleet.regions[0]
    interval = setting.scaled(INTERVAL)
    with running(setting, region, interval=interval, receivers=False) as ring:
        ring.evaluate(every=interval)
        setting.say("wait for the rules")
        _evaluated(ring)
        pages: dict[str, list[Fetched]] = {"aggregates": [], "everything": []}
        for turn in range(setting.scaled(SCRAPES)):
            setting.say(f"federate, {turn + 1} of {SCRAPES}")
            pages["aggregates"].append(fetch(ring, sorted(rules().federated)))
            pages["everything"].append(fetch(ring, EVERYTHING))
    return {
        f"{name}: {what}": median(getattr(page, what) for page in of)
        for what in ("seconds", "wire", "text", "samples")
        for name, of in pages.items()
    }


def fetch(ring: Ring, match: Iterable[str]) -> Fetched:
    """One scrape as Prometheus makes it: by TLS, with gzip."""
    query = urllib.parse.urlencode({"match[]": list(match)}, doseq=True)
    asked = urllib.request.Request(f"{ring.prometheus.url}{PATH}?{query}", headers={"Accept-Encoding": "gzip"})  # noqa: S310
    began = time.perf_counter()
    with urllib.request.urlopen(asked, timeout=PATIENCE, context=ring.tls(ring.prometheus)) as answer:  # noqa: S310
        wire = answer.read()
    seconds = time.perf_counter() - began
    text = gzip.decompress(wire) if answer.headers["Content-Encoding"] == "gzip" else wire
    samples = sum(1 for line in text.splitlines() if line and not line.startswith(b"#"))
    return Fetched(seconds=seconds, wire=len(wire), text=len(text), samples=samples)


def _evaluated(ring: Ring) -> None:
    """Until every group has been evaluated some rounds long; RuntimeError where a rule fails."""
    began = time.time()

    def done() -> bool:
        groups = json.loads(ring.get(ring.prometheus, "/api/v1/rules"))["data"]["groups"]
        if failed := [rule["name"] for group in groups for rule in group["rules"] if rule["health"] == "err"]:
            raise RuntimeError(f"rules must be evaluated without an error, got one of {', '.join(failed)}")
        return bool(groups) and all(
            datetime.fromisoformat(group["lastEvaluation"]).timestamp() > began + (ROUNDS - 1) * group["interval"]
            for group in groups
        )

    eventually(done, "every group of rules evaluated")


def _pair(what: str, unit: str, text: str) -> tuple[Figure, Figure]:
    """The figure of the aggregates, beside that of everything."""
    whole = Figure(name=f"everything: {what}", what="everything", unit=unit)
    return whole, Figure(name=f"aggregates: {what}", what=f"aggregates, {text}", unit=unit, baseline=whole.name)


MEASUREMENT = Measurement(
    name="federation",
    title="Federation",
    about="A Prometheus with 100,000 series of services that keep the contract evaluates the deployed rules, every "
    f"{INTERVAL} s; its `/federate` is asked as the deployed job does, by TLS and with gzip, for the aggregates, and "
    f"for everything (the baseline). Medians of {SCRAPES}, in turns.",
    measure=measure,
    figures=(
        *_pair("seconds", "s", "time"),
        *_pair("wire", "B", "on the wire"),
        *_pair("text", "B", "page"),
        *_pair("samples", "", "samples"),
    ),
    bounds=(
        Bound(
            what="everything / aggregates, time",
            of=lambda values: ratio(values, "everything: seconds", "aggregates: seconds"),
            bound=10,
            at_least=True,
        ),
        Bound(
            what="aggregates, seconds, of the scrape's timeout",
            of=lambda values: values["aggregates: seconds"] / TIMEOUT.seconds,
            bound=0.1,
        ),
        Bound(
            what="aggregates, samples, of the limit",
            of=lambda values: values["aggregates: samples"] / limits.SAMPLES,
            bound=0.5,
        ),
        Bound(
            what="aggregates, page, of the limit",
            of=lambda values: values["aggregates: text"] / Size.parse(federation.BODY).amount,
            bound=0.5,
        ),
    ),
    tools=("prometheus",),
)
