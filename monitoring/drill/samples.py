"""Known samples, counted window by window over all that is kept, by a Store Gateway and a Query of the drill's own."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from monitoring.drill.blocks import Span
from monitoring.drill.bucket import get
from monitoring.drill.plan import Promise
from monitoring.processes import free_ports, running

LOOPBACK = "127.0.0.1"
WINDOW = 2 * 3600
"""Seconds: a block as Receive writes it."""
WHOLE = 0.9
"""Share of the scrapes that a window must have to count as whole: a restart misses some."""
PATIENCE = 120
"""Seconds for an answer."""
POINTS = 5000
"""Of a range query; Prometheus' API refuses more than 11,000."""

_SOURCE = {"raw": "0s", "five_minutes": "5m", "one_hour": "1h"}


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Samples of one resolution: `windows` asked, of which `whole`, some `short` and the rest empty.

    `replicas` are the Prometheus replicas that have any; a window is as good as its best replica, which is what a
    query shows. `warnings` are Thanos': what it could not read.
    """

    resolution: str
    windows: int
    whole: int
    short: tuple[float, ...]
    empty: tuple[float, ...]
    replicas: tuple[str, ...]
    warnings: tuple[str, ...]


def periods(*, now: float, promise: Promise, since: float) -> Iterator[tuple[str, Span]]:
    """Which time is asked of which resolution: the finest that is kept so long; whole windows, none left out."""
    until = now - promise.recovery_point["raw"]
    for name in _SOURCE:
        begin = max(since, now - promise.retention[name])
        first, last = -(-begin // WINDOW) * WINDOW, until // WINDOW * WINDOW
        if last > first:
            yield name, (first, last)
        until = min(until, first)  # the window that the finer one keeps in part


def count(resolution: str, span: Span, *, series: str, interval: int, url: str) -> Counted:
    """Count the samples of `series` in every window of `span`; `interval` is the scrape's, in seconds.

    The samples are 1 each, and summed: of blocks of 5m and 1h Thanos 0.42.4 has their sums, but `count_over_time`
    counts the sums instead of the samples. CannotHave where Query does not answer.
    """
    ends = range(int(span[0]) + WINDOW, int(span[1]) + 1, WINDOW)
    best: dict[float, float] = {}
    replicas: set[str] = set()
    warnings: set[str] = set()
    for some in _slices(ends, POINTS):
        asked = {
            "query": f"sum_over_time({series}[{WINDOW}s])",
            "start": str(some[0] - 1),  # a range has its end and not its beginning: the next window's first sample
            "end": str(some[-1] - 1),
            "step": str(WINDOW),
            "dedup": "true",
            "max_source_resolution": _SOURCE[resolution],
            "partial_response": "true",
        }
        body = urllib.parse.urlencode(asked).encode()
        answer = json.loads(get(f"{url}/api/v1/query_range", {}, body=body, patience=PATIENCE))
        warnings |= set(answer.get("warnings") or ())
        for one in answer["data"]["result"]:
            replicas.add(one["metric"].get("prometheus_replica", ""))
            for at, value in one["values"]:
                end = float(at) + 1
                best[end] = max(best.get(end, 0), float(value))
    enough = WHOLE * WINDOW / interval
    return Counted(
        resolution=resolution,
        windows=len(ends),
        whole=sum(best.get(end, 0) >= enough for end in ends),
        short=tuple(float(end - WINDOW) for end in ends if 0 < best.get(end, 0) < enough),
        empty=tuple(float(end - WINDOW) for end in ends if not best.get(end, 0)),
        replicas=tuple(sorted(replicas)),
        warnings=tuple(sorted(warnings)),
    )


@contextmanager
def serving(objstore: Mapping[str, object], *, thanos: str) -> Iterator[str]:
    """A Store Gateway on the bucket and a Query on it, on loopback, which keep nothing; yields Query's URL.

    RuntimeError with what Thanos says where they do not get ready.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="drill-")))
        config = folder / "objstore.json"
        config.touch(mode=0o600)  # an emulator's has a key in it
        config.write_text(json.dumps(objstore), encoding="utf-8")
        store_grpc, store_http, query_grpc, query_http = free_ports(4)
        store = [thanos, "store", f"--data-dir={folder / 'store'}", f"--objstore.config-file={config}"]
        store += [f"--grpc-address={LOOPBACK}:{store_grpc}", f"--http-address={LOOPBACK}:{store_http}"]
        query = [thanos, "query", f"--endpoint={LOOPBACK}:{store_grpc}", "--query.replica-label=receive_replica"]
        query += [f"--grpc-address={LOOPBACK}:{query_grpc}", f"--http-address={LOOPBACK}:{query_http}"]
        stack.enter_context(running(store, port=store_http, ready="/-/ready", log=folder / "store.log"))
        stack.enter_context(running(query, port=query_http, ready="/-/ready", log=folder / "query.log"))
        yield f"http://{LOOPBACK}:{query_http}"


def _slices(items: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for begin in range(0, len(items), size):
        yield items[begin : begin + size]
