"""Each check holds on good answers, and bites on a fault."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from monitoring.__main__ import main
from monitoring.blueprint.rules.loader import rules, rules_of
from monitoring.blueprint.values.charts import ROOT
from monitoring.clock import Clock
from monitoring.fleet import load_fleet
from monitoring.verify.client import Answer, UnreachableError
from monitoring.verify.model import Deployment, State
from monitoring.verify.run import CHECKS, ask, exit_code, verify
from tests.fake_clock import FakeClock

FLEET = load_fleet(ROOT / "tests" / "fleet" / "regions")
REGION = FLEET.region("trial-alpha")
DEPLOYMENT = Deployment(
    region=REGION,
    components={
        "prometheus": ["https://p0:9090", "https://p1:9090"],
        "alertmanager": ["https://a0:9093", "https://a1:9093"],
        "thanos-query": ["http://query:1"],
        "thanos-global-query-frontend": ["http://global:1"],
    },
    remote_write="router:19291",
    query_grpc="query:10901",
    proxy="http://proxy",
    receiver="http://receiver",
    regions=("trial-alpha", "trial-beta"),
)
JOBS = ("prometheus-prometheus", "prometheus-alertmanager", "thanos-query", "thanos-global-query-frontend")


def target(job: str, **more: str) -> dict[str, Any]:
    return {"labels": {"job": job}, "scrapeUrl": f"http://{job}", "health": "up", "lastError": "", **more}


NOW = datetime(2026, 6, 1, tzinfo=UTC)
NEVER = "0001-01-01T00:00:00Z"
"""Of a group that Prometheus has not evaluated yet."""


def rule_group(*, late: float = 0, health: str = "ok", without: str = "") -> dict[str, Any]:
    types = {"record": "recording", "alert": "alerting"}
    there = [
        {"type": types[kind], "name": rule[kind], "health": health}
        for file in rules().files
        for _, rule in rules_of(file)
        for kind in types
        if kind in rule and rule[kind] != without
    ]
    last = (NOW - timedelta(seconds=late)).isoformat()
    return {"name": "all", "interval": 30, "lastEvaluation": last, "rules": there}


def series(*found: tuple[Mapping[str, str], float]) -> dict[str, Any]:
    return {"data": {"result": [{"metric": dict(labels), "value": [0, str(value)]} for labels, value in found]}}


def of_replicas(*names: str) -> dict[str, Any]:
    return series(*(({"prometheus_replica": name, "cluster": REGION.name}, 30) for name in names))


SWITCH = f"/{REGION.name}/{REGION.alerting.dead_mans_switch.secret}"
KEPT = f"{REGION.prometheus.retention.prometheus} or 16GiB"
GOOD: dict[str, Any] = {
    "/-/ready": "",
    "count by (prometheus_replica, cluster)": of_replicas("0", "1"),
    "https://p0:9090/api/v1/query?query=sum by (prometheus_replica)": of_replicas("0"),
    "https://p1:9090/api/v1/query?query=sum by (prometheus_replica)": of_replicas("1"),
    "http://query:1/thanos/api/v1/query?query=sum by (prometheus_replica)": of_replicas("0", "1"),
    "count without (receive_replica": series(({}, 3)),
    "queue_highest_sent": series(({}, 4)),
    "samples_failed": series(({}, 0)),
    "blocks_loaded": series(({}, 7)),
    "compact_halted": series(({}, 0)),
    "process_start_time": series(({}, 99999)),
    "api/v1/targets": {"data": {"activeTargets": [target(job) for job in JOBS]}},
    "runtimeinfo": {"data": {"storageRetention": KEPT}},
    "api/v1/rules": {"data": {"groups": [rule_group()]}},
    "api/v2/status": {"cluster": {"peers": [1, 2]}},
    "api/v1/alertmanagers": {"data": {"activeAlertmanagers": [1, 2]}},
    "api/v2/alerts": [{"labels": {"alertname": "Watchdog", "cluster": REGION.name}}],
    "/calls": [{"path": SWITCH, "body": ""}, {"path": "/a", "body": "MARK"}],
    "proxy/api/v1/query?query=up": series(({}, 1)),
    'up{job="federate"}': series(({"instance": "b"}, 1)),
    "count by (__name__, cluster)": series(({"cluster": "trial-beta", "__name__": "federated:a"}, 90)),
    "max(timestamp(": series(({"cluster": "trial-beta"}, 9)),
    "query=count({": series(),
    "count by (cluster) (up)": series(({"cluster": "trial-alpha"}, 1), ({"cluster": "trial-beta"}, 1)),
}
STRANGERS = {"/graph": 302, "/api/v1/query": 401, "/alertmanager/api/v2/alerts": 401, "/thanos/api/v1/query": 401}


@dataclass(kw_only=True)
class Canned:
    """Answers by a part of what is asked, the first that fits; what none fits is not reachable."""

    answers: Mapping[str, Any] = field(default_factory=lambda: GOOD)
    strangers: Mapping[str, int] = field(default_factory=lambda: STRANGERS)
    refuses: bool = True
    days: float = 60
    takes_alerts: int = 200
    clock: Clock = field(default_factory=lambda: FakeClock(now=NOW.timestamp()).clock)

    def get(self, url: str, **parameters: str) -> Answer:
        asked = f"{url}?{'&'.join(f'{name}={value}' for name, value in parameters.items())}"
        for part, answer in self.answers.items():
            if part in asked:
                if isinstance(answer, int):
                    return Answer(status=answer, text="")
                return Answer(status=200, text=json.dumps(answer))
        raise UnreachableError(f"nothing canned for {asked}")

    def get_anonymously(self, url: str) -> Answer:
        return Answer(status=next(status for part, status in self.strangers.items() if part in url), text="")

    def post(self, url: str, body: object) -> Answer:  # noqa: ARG002  (as the interface has it)
        return Answer(status=self.takes_alerts, text="")

    def ends(self, address: str) -> datetime:  # noqa: ARG002
        return NOW + timedelta(days=self.days)

    def refuses_anonymous_clients(self, address: str) -> bool:  # noqa: ARG002
        return self.refuses


@pytest.fixture(autouse=True)
def known_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the test alert."""
    monkeypatch.setattr("uuid.uuid4", lambda: type("Mark", (), {"hex": "MARK"}))


def run_check(check: str, client: Canned, deployment: Deployment = DEPLOYMENT) -> Any:
    (one,) = (one for one in CHECKS if one.name == check)
    return ask(one, client, deployment)


def but(**answers: Any) -> Canned:
    """All good but these; a name's __ stands for what no keyword can have."""
    return Canned(
        answers={
            **{NAMES[name]: answer for name, answer in answers.items()},
        }
        | _rest(answers)
    )


NAMES = {
    "ready": "/-/ready",
    "replicas": "count by (prometheus_replica, cluster)",
    "found": "http://query:1/thanos/api/v1/query?query=sum by (prometheus_replica)",
    "copies": "count without (receive_replica",
    "lag": "queue_highest_sent",
    "given_up": "samples_failed",
    "blocks": "blocks_loaded",
    "halted": "compact_halted",
    "age": "process_start_time",
    "targets": "api/v1/targets",
    "targets_of_one": "https://p1:9090/api/v1/targets",
    "retention": "runtimeinfo",
    "rules": "api/v1/rules",
    "peers": "api/v2/status",
    "known": "api/v1/alertmanagers",
    "alerts": "api/v2/alerts",
    "calls": "/calls",
    "machine": "proxy/api/v1/query?query=up",
    "regions": "count by (cluster) (up)",
    "fetched": 'up{job="federate"}',
    "arrived": "count by (__name__, cluster)",
    "arrived_at": "max(timestamp(",
    "passed_on": "query=count({",
}


def _rest(answers: Mapping[str, Any]) -> dict[str, Any]:
    changed = {NAMES[name] for name in answers}
    return {part: answer for part, answer in GOOD.items() if part not in changed}


def groups(group: dict[str, Any]) -> dict[str, Any]:
    return {"data": {"groups": [group]}}


def targets(*found: dict[str, Any]) -> dict[str, Any]:
    return {"data": {"activeTargets": list(found)}}


FAULTS: list[tuple[str, str, Canned]] = [
    ("the Prometheus replicas are up", "a replica that is not ready", but(ready=503)),
    ("the Prometheus replicas are up", "a replica label that is missing", but(replicas=of_replicas(""))),
    ("the Prometheus replicas are up", "a replica that writes nothing", but(replicas=of_replicas("0"))),
    ("they agree", "a target that one alone has", but(targets_of_one=targets(target("other")))),
    (
        "every target is scraped",
        "a target that is down",
        but(targets=targets(*map(target, JOBS), target("x", health="down"))),
    ),
    ("every target is scraped", "a part without a target", but(targets=targets(target("prometheus-prometheus")))),
    ("retention", "another retention", but(retention={"data": {"storageRetention": "1d or 16GiB"}})),
    ("remote write keeps up", "a queue that is behind", but(lag=series(({}, 500)))),
    ("remote write keeps up", "samples given up", but(given_up=series(({}, 5)))),
    ("remote write keeps up", "no queue", but(lag=series())),
    ("no sample is lost", "fewer found than written", but(found=series(({"prometheus_replica": "0"}, 29)))),
    ("copies in Receive", "a copy too few", but(copies=series(({}, 3), ({}, 2)))),
    ("blocks in Blob", "no block after hours", but(blocks=series(({}, 0)))),
    ("blocks in Blob", "a compactor that has halted", but(halted=series(({}, 1)))),
    ("rules are evaluated", "a rule that is missing", but(rules=groups(rule_group(without=rules().recorded[0])))),
    ("rules are evaluated", "a rule with an error", but(rules=groups(rule_group(health="err")))),
    ("rules are evaluated", "results that are old", but(rules=groups(rule_group(late=600)))),
    ("the Alertmanagers are one", "one that is alone", but(peers={"cluster": {"peers": [1]}})),
    ("Prometheus tells each Alertmanager", "one that is not told", but(known={"data": {"activeAlertmanagers": [1]}})),
    ("the Watchdog arrives", "no Watchdog", but(alerts=[])),
    (
        "the Watchdog arrives",
        "another region's alone",
        but(alerts=[{"labels": {"alertname": "Watchdog", "cluster": "x"}}]),
    ),
    ("the Watchdog arrives", "a switch that is not called", but(calls=[])),
    ("an alert is told", "nobody told", but(calls=[])),
    ("an alert is told", "an Alertmanager that takes none", Canned(takes_alerts=400)),
    ("sign-in is required", "an API that answers", Canned(strangers={**STRANGERS, "/api/v1/query": 200})),
    ("sign-in is required", "a page that answers", Canned(strangers={**STRANGERS, "/graph": 200})),
    ("basic auth lets a machine in", "a machine that stays out", but(machine=403)),
    ("the router wants a certificate", "anybody may write", Canned(refuses=False)),
    ("Query wants a certificate", "anybody may ask", Canned(refuses=False)),
    ("certificates last", "days left", Canned(days=3)),
    ("the global query", "a region that is missing", but(regions=series(({"cluster": "trial-alpha"}, 1)))),
    (
        "the global query",
        "a warning",
        but(regions={**GOOD["count by (cluster) (up)"], "warnings": ["a region is gone"]}),
    ),
    ("federation", "a replica that is not fetched", but(fetched=series(({"instance": "b"}, 0)))),
    ("federation", "a region of which nothing comes", but(arrived=series())),
    ("federation", "aggregates that are old", but(arrived_at=series(({"cluster": "trial-beta"}, 999)))),
    (
        "federation",
        "a region that sends too much",
        but(arrived=series(({"cluster": "trial-beta", "__name__": "federated:a"}, 99999))),
    ),
    ("federation", "another region's series in Thanos", but(passed_on=series(({}, 4)))),
]


@pytest.mark.parametrize("check", [check.name for check in CHECKS])
def test_each_check_passes_on_good_answers(check: str) -> None:
    result = run_check(check, Canned())
    assert result.state is State.OK, result.evidence


@pytest.mark.parametrize(("check", "fault", "client"), FAULTS, ids=[f"{check}: {fault}" for check, fault, _ in FAULTS])
def test_each_check_fails_on_its_fault(check: str, fault: str, client: Canned) -> None:
    result = run_check(check, client)
    assert result.state is State.FAILED, f"{fault}: {result.evidence}"
    assert result.hint


def test_each_check_has_a_fault_case() -> None:
    assert {check for check, *_ in FAULTS} == {check.name for check in CHECKS}


def test_each_hint_links_to_an_existing_page() -> None:
    pages = [word for check in CHECKS for word in check.hint.replace(";", " ").split() if word.startswith("docs/")]
    assert [page for page in pages if not (ROOT / page).is_file()] == []


def test_rules_not_yet_evaluated_are_reported() -> None:
    result = run_check("rules are evaluated", but(rules=groups({**rule_group(), "lastEvaluation": NEVER})))
    assert result.state is State.FAILED
    assert result.evidence.startswith("all was not evaluated yet")


def test_ingestors_younger_than_a_block_need_no_upload() -> None:
    assert run_check("blocks in Blob", but(blocks=series(({}, 0)), age=series(({}, 60)))).state is State.TOO_YOUNG


def test_endpoint_without_address_is_skipped() -> None:
    few = Deployment(region=REGION, components={"prometheus": ["http://p0:9090"]})
    for check in CHECKS:
        if check.ask.__module__.endswith((".access", ".regions")):
            assert run_check(check.name, Canned(), few).state is State.NOT_HERE


def test_test_alert_without_local_receiver_needs_an_option() -> None:
    afar = Deployment(region=REGION, components=DEPLOYMENT.components)
    assert run_check("an alert is told", Canned(), afar).state is State.NOT_HERE
    allowed = Deployment(region=REGION, components=DEPLOYMENT.components, may_alert=True)
    assert run_check("an alert is told", Canned(), allowed).state is State.OK


@pytest.mark.parametrize("seconds", [0, 100], ids=["at once", "slower than the alert may be"])
def test_an_alert_is_looked_for_however_long_a_look_takes(seconds: float) -> None:
    fake = FakeClock(now=NOW.timestamp())

    class Slow(Canned):
        def get(self, url: str, **parameters: str) -> Answer:
            fake.now += seconds
            return super().get(url, **parameters)

        def post(self, url: str, body: object) -> Answer:
            fake.now += seconds
            return super().post(url, body)

    assert run_check("an alert is told", Slow(clock=fake.clock)).state is State.OK


def test_missing_notification_is_polled_until_timeout() -> None:
    fake = FakeClock(now=NOW.timestamp())
    result = run_check("an alert is told", Canned(answers=but(calls=[]).answers, clock=fake.clock))
    assert (result.state, result.evidence) == (State.FAILED, "not told within 30 s")
    assert sum(fake.slept) == 30


def test_exit_code_distinguishes_failed_from_unreachable() -> None:
    assert exit_code([*verify(Canned(), DEPLOYMENT)]) == 0
    assert exit_code([*verify(but(ready=503), DEPLOYMENT)]) == 1
    nobody = Canned(answers={})
    assert exit_code([run_check("retention", nobody), run_check("they agree", nobody)]) == 2


def test_failing_check_is_retried_until_timeout() -> None:
    answers = iter([503, 503, *[""] * 1000])

    class Late(Canned):
        def get(self, url: str, **parameters: str) -> Answer:
            if "/-/ready" in url:
                return Answer(status=next(answers) or 200, text="")  # type: ignore[arg-type]
            return super().get(url, **parameters)

    fake = FakeClock()
    first, *_ = verify(Late(clock=fake.clock), DEPLOYMENT, patience=60)
    assert first.state is State.OK
    assert fake.slept == [2, 2]


def test_a_check_that_never_holds_is_asked_until_the_patience_ends() -> None:
    fake = FakeClock()
    first, *_ = verify(Canned(answers=but(ready=503).answers, clock=fake.clock), DEPLOYMENT, patience=60)
    assert first.state is State.FAILED
    assert sum(fake.slept) == 60


def test_missing_address_file_error_names_make_local(tmp_path: Path) -> None:
    told = CliRunner().invoke(main, ["verify", "--addresses", str(tmp_path / "none.json")])
    assert told.exit_code == 2
    assert "make local" in told.output


def test_verify_json_prints_the_results(tmp_path: Path) -> None:
    file = tmp_path / "addresses.json"
    file.write_text(json.dumps({REGION.name: {"components": {"prometheus": ["http://127.0.0.1:1"]}}}), encoding="utf-8")
    regions = str(ROOT / "tests" / "fleet" / "regions")
    line = ["verify", "--regions", regions, "--addresses", str(file), "--patience", "0", "--json"]
    answer = CliRunner().invoke(main, line)
    assert answer.exit_code == 2
    assert "unreachable" in {result["state"] for result in json.loads(answer.stdout)}
