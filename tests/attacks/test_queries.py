"""Queries that want too much, by who has signed in: they end, and others are answered and write."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from monitoring.blueprint.components.workloads import THANOS_PATH
from monitoring.local.servers import Quiet, serving
from tests.attacks.system import PATIENCE, SLOWEST_QUERY, Answer, Attacked, another, own
from tests.stack.processes import tool
from tests.tables import Attacked as Record

pytestmark = pytest.mark.stack

STORE_GATEWAY, QUERY = "thanos-store-gateway-0", "thanos-query-0"
AT_ONCE = 2
MANY = 24
DAY = 86_400

PATHS = {"Prometheus": "", "query-frontend": THANOS_PATH}
EVERYTHING = '{__name__=~".+"}'
NO_LIMIT = "exception: Thanos has no limit for it, and two of everything; docs/attacks.md"


@dataclass(frozen=True, kw_only=True)
class Heavy:
    """A query that wants too much: of which kind, with which status it ends at each, and what holds."""

    path: str = "query"
    query: str
    span: int = 0
    status: Mapping[str, int]
    holds: Mapping[str, str]

    def form(self) -> dict[str, object]:
        """What is sent; a range begins now: each sample counts for five minutes, so every point has all series."""
        now = int(time.time())
        span = {"start": now, "end": now + self.span, "step": 1} if self.span else {}
        return {"query": self.query, **span}


POINTS = "400: 11,000 points of a series, fixed in the code"
SAMPLES = "422: query.max-samples, from the region's load"
HEAVY = {
    "a long range in tiny steps": Heavy(
        path="query_range",
        query="up",
        span=DAY,
        status=dict.fromkeys(PATHS, 400),
        holds=dict.fromkeys(PATHS, POINTS),
    ),
    "everything by a regular expression, at many points": Heavy(
        path="query_range",
        query=EVERYTHING,
        span=6,
        status={"Prometheus": 422, "query-frontend": 200},
        holds={"Prometheus": SAMPLES, "query-frontend": NO_LIMIT},
    ),
    "ten days of a subquery, by the second": Heavy(
        query="count_over_time(vector(1)[10d:1s])",
        status={"Prometheus": 422, "query-frontend": 200},
        holds={"Prometheus": SAMPLES, "query-frontend": NO_LIMIT},
    ),
    "three thousand sums in one another": Heavy(
        query="1" + "+1" * 3000,
        status=dict.fromkeys(PATHS, 200),
        holds=dict.fromkeys(PATHS, "exception: no limit, and the time grows with the square; docs/attacks.md"),
    ),
    "a form of eleven MiB": Heavy(
        query="1" * 11 * 2**20,
        status=dict.fromkeys(PATHS, 400),
        holds=dict.fromkeys(PATHS, "400: ten MiB, fixed in the code"),
    ),
}


def send(target: Attacked, at: str, heavy: Heavy) -> Answer:
    """Through oauth2-proxy, as a machine."""
    url = f"{target.addresses['proxy']}{PATHS[at]}/api/v1/{heavy.path}"
    return target.ask(url, form=heavy.form(), headers=target.machine)


def at_once(target: Attacked, at: str, heavy: Heavy, count: int) -> list[Answer]:
    """As many at the same time, while others are served."""
    with ThreadPoolExecutor(count) as pool:
        answers = [pool.submit(send, target, at, heavy) for _ in range(count)]
        target.others_are_served()
    return [answer.result() for answer in answers]


@pytest.mark.parametrize("at", PATHS)
@pytest.mark.parametrize("attack", HEAVY)
def test_heavy_query_is_aborted_and_other_queries_succeed(
    target: Attacked, attacked: Record, attack: str, at: str
) -> None:
    heavy = HEAVY[attack]
    answers = at_once(target, at, heavy, AT_ONCE)
    assert {answer.status for answer in answers} == {heavy.status[at]}, answers[0].body[:300]
    let_in = sum(answer.status == 200 for answer in answers)
    attacked(at, attack, tries=AT_ONCE, let_in=let_in, holds=heavy.holds[at])


@pytest.mark.parametrize("at", PATHS)
def test_concurrent_queries_beyond_the_limit_are_queued(target: Attacked, attacked: Record, at: str) -> None:
    heavy = Heavy(path="query_range", query="sum_over_time(vector(1)[1h:1s])", span=20, status={}, holds={})
    answers = at_once(target, at, heavy, MANY)
    assert {answer.status for answer in answers} == {200}
    slots = {"Prometheus": target.region.load.concurrent_queries, "query-frontend": 20}[at]
    attacked(
        at, f"{MANY} at once, to keep others out", tries=MANY, holds=f"{slots} run at a time, each is within limits"
    )


def test_slow_queries_hold_their_slots_until_timeout(target: Attacked, attacked: Record) -> None:
    """The exception: as many as have a place hold up the others of this replica, rules too, until they are ended."""
    places = target.region.load.concurrent_queries
    sorts = "+".join(["quantile_over_time(0.5, (vector(time()) * 7919 % 977)[1h:1s])"] * 150)
    slow = Heavy(path="query_range", query=sorts, span=1000, status={}, holds={})
    with ThreadPoolExecutor(places) as pool:
        answers = [answer.result() for answer in [pool.submit(send, target, "Prometheus", slow) for _ in range(places)]]
    assert {answer.status for answer in answers} == {503}, answers[0].body[:300]
    assert b"timed out" in answers[0].body
    target.others_are_served()
    holds = f"503: query.timeout 1m ({SLOWEST_QUERY} here); exception: others of this replica wait as long"
    attacked("Prometheus", "slow queries in every place", tries=places, holds=holds)


def test_prometheus_without_the_query_limit_answers_the_refused_query(target: Attacked, tmp_path: Path) -> None:
    heavy = HEAVY["ten days of a subquery, by the second"]
    with another(target, "prometheus-prometheus-0", tmp_path, without=ITS_OWN, more=own(tmp_path)) as unlimited:
        url = f"https://{unlimited.address('--web.listen-address')}/api/v1/query"
        assert target.ask(url, form=heavy.form()).status == 200


ITS_OWN = ("--query.max-samples", "--storage.tsdb.path", "--config.file")
"""What another Prometheus of the same files needs anew: its data, and nothing to scrape or to write to."""


def test_out_of_memory_query_kills_only_one_query_replica(target: Attacked, attacked: Record, tmp_path: Path) -> None:
    """The exception: a pod has 4 GiB; this one may take half of one more, and the query wants two."""
    with another(target, QUERY, tmp_path) as query:
        query.bound(2**29)
        url = f"http://{query.address('--http-address')}{THANOS_PATH}/api/v1/query"
        with pytest.raises(ConnectionError):
            target.ask(url, form={"query": "count_over_time(vector(1)[1500d:1s])"})
        assert query.process.wait(PATIENCE) != 0
        target.others_are_served()
    holds = "exception: one of two Query dies, and starts again; who has signed in can"
    attacked("Query", "a subquery that takes all memory", tries=1, let_in=1, holds=holds)


@pytest.fixture
def dying() -> Iterator[tuple[int, list[str]]]:
    """The port of a Query that dies of every query, and what it was asked."""
    asked: list[str] = []

    class Dying(Quiet):
        def do_GET(self) -> None:  # noqa: N802  (the base class calls it)
            if "api/v1/query" in self.path:
                asked.append(self.path)
                self.close_connection = True
            else:
                self.answer(200)

    setattr(Dying, "do_POST", Dying.do_GET)  # noqa: B010  (mypy: a method is not assigned)
    with serving(Dying) as port:
        yield port, asked


@pytest.mark.parametrize("without", [(), ("--query.max-retries-per-request",)], ids=["as deployed", "by default"])
def test_query_frontend_does_not_retry_a_query_that_killed_a_replica(
    target: Attacked, attacked: Record, tmp_path: Path, dying: tuple[int, list[str]], without: tuple[str, ...]
) -> None:
    port, asked = dying
    replaced = (*without, "--query-frontend.downstream-url")
    more = [f"--query-frontend.downstream-url=http://127.0.0.1:{port}"]
    with another(target, "thanos-query-frontend-0", tmp_path, without=replaced, more=more) as front:
        url = f"http://{front.address('--http-address')}{THANOS_PATH}/api/v1/query?query=1"
        assert target.ask(url).status >= 500
    assert len(asked) == (5 if without else 1)
    if not without:
        holds = "query.max-retries-per-request 1"
        attacked("query-frontend", "a query that its Query dies of, handed to another", tries=1, holds=holds)


def old() -> int:
    """A time of which only Blob has samples."""
    return int(time.time()) // DAY * DAY - DAY


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory, target: Attacked) -> Path:
    """A store with one block of more series than the store gateway hands out at once; its objstore.yml."""
    folder = tmp_path_factory.mktemp("bucket")
    at = old()
    count = target.region.load.active_series + 1
    lines = (f'flood{{n="{number}",kind="{number % 2}"}} 1 {at}\n' for number in range(count))
    (folder / "samples.om").write_text("".join([*lines, "# EOF\n"]), encoding="utf-8")
    config = folder / "objstore.yml"
    config.write_text(f"{{type: FILESYSTEM, config: {{directory: {folder}/store}}}}\n", encoding="utf-8")
    made = [tool("promtool"), "tsdb", "create-blocks-from", "openmetrics", "--quiet"]
    subprocess.run([*made, str(folder / "samples.om"), str(folder / "blocks")], check=True, capture_output=True)
    upload = [tool("thanos"), "tools", "bucket", "upload-blocks", f"--path={folder}/blocks", '--label=cluster="old"']
    subprocess.run([*upload, f"--objstore.config-file={config}"], check=True, capture_output=True)
    return config


SOME, MANY_OF_THEM, ALL = 'flood{n=~"1..."}', 'flood{kind="1"}', "flood"
"""A thousand, more than the limit of samples, more than the limit of series."""


@pytest.mark.parametrize("limited", [True, False], ids=["as deployed", "without the limits"])
def test_store_gateway_limits_samples_per_request(
    target: Attacked, attacked: Record, tmp_path: Path, bucket: Path, limited: bool
) -> None:
    without = ("--objstore.config-file", "--data-dir", *(() if limited else ("--store.limits.",)))
    more = [f"--objstore.config-file={bucket}", f"--data-dir={tmp_path}/store-data"]
    with ExitStack() as stack:
        store = stack.enter_context(another(target, STORE_GATEWAY, tmp_path, without=without, more=more))
        endpoint = f"--endpoint={store.address('--grpc-address')}"
        query = stack.enter_context(another(target, QUERY, tmp_path, without=("--endpoint=",), more=[endpoint]))
        url = f"http://{query.address('--http-address')}{THANOS_PATH}/api/v1/query"
        found = {one: target.ask(url, form={"query": one, "time": old()}).body for one in (SOME, MANY_OF_THEM, ALL)}
        answered = [one for one, body in found.items() if b"warnings" not in body]
    assert answered == ([SOME] if limited else [SOME, MANY_OF_THEM, ALL])
    if limited:
        assert b"exceeded chunks limit" in found[MANY_OF_THEM]
        assert b"exceeded series limit" in found[ALL]
        holds = "store.limits.request-series, -samples, from the region's load: it is missing, and the answer says so"
        attacked("store gateway", "all series, and many samples, of a block", tries=2, holds=holds)
