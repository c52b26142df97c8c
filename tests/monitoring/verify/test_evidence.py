"""What each check asks, what it says of good answers, and on which side of its bound it bites."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import pytest

from monitoring.verify.client import Answer, UnreachableError
from monitoring.verify.model import Check, Deployment, Finding, NotHereError, Result, State, scalar, vector
from monitoring.verify.run import CHECKS, ask, exit_code, verify
from tests.monitoring.verify.test_checks import (
    DEPLOYMENT,
    GOOD,
    REGION,
    STRANGERS,
    Canned,
    but,
    groups,
    of_replicas,
    rule_group,
    run_check,
    series,
    target,
    targets,
)


@pytest.fixture(autouse=True)
def mark_of_the_test_alert(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("uuid.uuid4", lambda: type("Mark", (), {"hex": "MARK"}))


OWN = 'job="prometheus-prometheus",endpoint="http-web"'
LAG = (
    f"max(prometheus_remote_storage_highest_timestamp_in_seconds{{{OWN}}})"
    f" - min(prometheus_remote_storage_queue_highest_sent_timestamp_seconds{{{OWN}}})"
)
GIVEN_UP = (
    f"(sum(increase(prometheus_remote_storage_samples_failed_total{{{OWN}}}[5m])) or vector(0))"
    f' + (sum(increase(prometheus_remote_storage_samples_dropped_total{{{OWN},reason!="dropped_series"}}[5m]))'
    " or vector(0))"
)
BY_REPLICA = "sum by (prometheus_replica) (count_over_time(up"
P0, P1, QUERY = "https://p0:9090", "https://p1:9090", "http://query:1/thanos"
ASK = "/api/v1/query?query="

ASKED: dict[str, tuple[str, list[str]]] = {
    "the Prometheus replicas are up": (
        "2 replicas: 0, 1",
        [
            f"{P0}/-/ready?",
            f"{P1}/-/ready?",
            f"{QUERY}{ASK}count by (prometheus_replica, cluster) (up{{{OWN}}})&dedup=false",
        ],
    ),
    "they agree": (
        "4 targets each",
        [f"{P0}/api/v1/targets?state=active", f"{P1}/api/v1/targets?state=active"],
    ),
    "every target is scraped": ("4 targets of 4 jobs, all up", [f"{P0}/api/v1/targets?state=active"]),
    "retention": (
        "10d or 16GiB at each replica",
        [f"{P0}/api/v1/status/runtimeinfo?", f"{P1}/api/v1/status/runtimeinfo?"],
    ),
    "remote write keeps up": (
        "at most 120 s behind, nothing given up in 5 minutes",
        [f"{P0}{ASK}{LAG}", f"{P0}{ASK}{GIVEN_UP}", f"{P1}{ASK}{LAG}", f"{P1}{ASK}{GIVEN_UP}"],
    ),
    "no sample is lost": (
        "[30, 30] samples of up written by the replicas, [30, 30] found",
        [
            f'{QUERY}{ASK}{BY_REPLICA}{{cluster="trial-alpha"}}[60s]))&time=NOW'
            "&max_source_resolution=0s&replicaLabels[]=receive_replica",
            f"{P0}{ASK}{BY_REPLICA}[60s]))&time=NOW",
            f"{P1}{ASK}{BY_REPLICA}[60s]))&time=NOW",
        ],
    ),
    "copies in Receive": (
        "3 copies of each series",
        [
            f"{QUERY}{ASK}count without (receive_replica, tenant_id) "
            f'(timestamp(up{{{OWN},cluster="trial-alpha"}}) > time() - 60)&dedup=false',
        ],
    ),
    "blocks in Blob": (
        "7 blocks",
        [f"{P0}{ASK}sum(thanos_bucket_store_blocks_loaded)", f"{P0}{ASK}max(thanos_compact_halted)"],
    ),
    "the Alertmanagers are one": (
        "2 know one another",
        ["https://a0:9093/alertmanager/api/v2/status?", "https://a1:9093/alertmanager/api/v2/status?"],
    ),
    "Prometheus tells each Alertmanager": (
        "each Prometheus tells all 2",
        [f"{P0}/api/v1/alertmanagers?", f"{P1}/api/v1/alertmanagers?"],
    ),
    "the Watchdog arrives": (
        "the switch was called 1 times",
        ["https://a0:9093/alertmanager/api/v2/alerts?", "http://receiver/calls?"],
    ),
    "an alert is told": ("told at /a, 1 time", ["http://receiver/calls?"]),
    "sign-in is required": ("3 APIs say 401, a page leads to the sign-in", []),
    "basic auth lets a machine in": ("a machine reads", ["http://proxy/api/v1/query?query=up"]),
    "the router wants a certificate": ("remote write refuses strangers", []),
    "Query wants a certificate": ("Query by gRPC refuses strangers", []),
    "the global query": (
        "trial-alpha, trial-beta, no warning",
        ["http://global:1/thanos/global/api/v1/query?query=count by (cluster) (up)"],
    ),
    "federation": (
        "trial-beta: 90 series; none in Thanos",
        [
            f'{P0}{ASK}up{{job="federate"}}',
            f'{P0}{ASK}count by (__name__, cluster) ({{__name__=~"federated:.+"}})',
            f'{P0}{ASK}time() - max(timestamp({{__name__="federated:a",cluster="trial-beta"}}))',
            f'{QUERY}{ASK}count({{__name__=~"federated:.+"}})&dedup=false',
        ],
    ),
}


@dataclass(kw_only=True)
class Recorded(Canned):
    """Good answers, and what was asked for them."""

    asked: list[str] = field(default_factory=list)
    sent: list[tuple[str, Any]] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)

    def get(self, url: str, **parameters: str) -> Answer:
        asked = f"{url}?{'&'.join(f'{name}={value}' for name, value in parameters.items())}"
        self.asked.append(re.sub(r"(?<=&time=)[0-9.]+", "NOW", asked))
        return super().get(url, **parameters)

    def get_anonymously(self, url: str) -> Answer:
        self.strange.append(url)
        return super().get_anonymously(url)

    def post(self, url: str, body: object) -> Answer:
        self.sent.append((url, body))
        return super().post(url, body)


@pytest.mark.parametrize("check", ASKED)
def test_each_check_sends_these_requests_and_reports_this_evidence(check: str) -> None:
    client = Recorded()
    assert (run_check(check, client).evidence, client.asked) == ASKED[check]


def test_every_rule_is_asked_for_at_each_replica() -> None:
    client = Recorded()
    evidence = run_check("rules are evaluated", client).evidence
    assert re.fullmatch(r"\d{3} rules at each replica, all evaluated in the last 2 intervals", evidence)
    assert client.asked == [f"{P0}/api/v1/rules?", f"{P1}/api/v1/rules?"]


def test_anonymous_requests_cover_each_proxied_path() -> None:
    client = Recorded()
    run_check("sign-in is required", client)
    assert client.strange == [
        "http://proxy/api/v1/query?query=up",
        "http://proxy/alertmanager/api/v2/alerts",
        "http://proxy/thanos/api/v1/query?query=up",
        "http://proxy/graph",
    ]


def test_test_alert_has_summary_and_region() -> None:
    client = Recorded()
    run_check("an alert is told", client)
    ((url, body),) = client.sent
    assert url == "https://a0:9093/alertmanager/api/v2/alerts"
    (alert,) = body
    assert alert["labels"] == {
        "alertname": "OversightVerifies",
        "severity": "critical",
        "cluster": "trial-alpha",
        "namespace": "MARK",
    }
    assert set(alert["annotations"]) == {"summary", "description"}


def beta(name: str = "federated:a", *, series_of_it: float = 90) -> tuple[dict[str, str], float]:
    return {"cluster": "trial-beta", "__name__": name}, series_of_it


BOUNDS: list[tuple[str, Canned, State, str]] = [
    (
        "the Prometheus replicas are up",
        but(ready=503),
        State.FAILED,
        "https://p0:9090 is not ready: 503",
    ),
    ("the Prometheus replicas are up", but(replicas=of_replicas()), State.FAILED, "of 2 replicas: none"),
    ("the Prometheus replicas are up", but(replicas=of_replicas("0")), State.FAILED, "of 2 replicas: 0"),
    (
        "the Prometheus replicas are up",
        but(replicas=of_replicas("0", "1", "2")),
        State.FAILED,
        "of 2 replicas: 0, 1, 2",
    ),
    ("the Prometheus replicas are up", but(replicas=of_replicas("", "0", "1")), State.OK, "2 replicas: , 0, 1"),
    (
        "the Prometheus replicas are up",
        but(replicas=series(({"prometheus_replica": "0"}, 1))),
        State.FAILED,
        "of 2 replicas: none",
    ),
    (
        "they agree",
        but(targets_of_one=targets(target("other"))),
        State.FAILED,
        "targets differ in other, prometheus-alertmanager, prometheus-prometheus, thanos-global-query-frontend, "
        "thanos-query",
    ),
    (
        "every target is scraped",
        but(targets=targets(target("prometheus-prometheus"), target("a", health="down", lastError="refused"))),
        State.FAILED,
        "no target of prometheus-alertmanager; no target of thanos-global-query-frontend; no target of thanos-query; "
        "a refused",
    ),
    (
        "retention",
        but(retention={"data": {"storageRetention": "10days or 16GiB"}}),
        State.FAILED,
        "https://p0:9090 keeps 10days or 16GiB, not 10d or 16GB",
    ),
    ("remote write keeps up", but(lag=series(({}, 120))), State.OK, ASKED["remote write keeps up"][0]),
    (
        "remote write keeps up",
        but(lag=series(({}, 121))),
        State.FAILED,
        "https://p0:9090 is 121 s behind, gave up 0 samples in 5 minutes",
    ),
    (
        "remote write keeps up",
        but(given_up=series(({}, 1))),
        State.FAILED,
        "https://p0:9090 is 4 s behind, gave up 1 samples in 5 minutes",
    ),
    ("remote write keeps up", but(given_up=series()), State.OK, ASKED["remote write keeps up"][0]),
    (
        "remote write keeps up",
        but(given_up=series(), lag=series(({}, 121))),
        State.FAILED,
        "https://p0:9090 is 121 s behind, gave up 0 samples in 5 minutes",
    ),
    ("remote write keeps up", but(lag=series()), State.FAILED, "https://p0:9090 sends nothing"),
    (
        "no sample is lost",
        but(found=series()),
        State.FAILED,
        "[30, 30] samples of up written by the replicas, [] found",
    ),
    ("copies in Receive", but(copies=series(({}, 3), ({}, 4))), State.FAILED, "copies: [3, 4], not 3"),
    ("copies in Receive", but(copies=series()), State.FAILED, "copies: [], not 3"),
    ("blocks in Blob", but(blocks=series()), State.NOT_HERE, "no store gateway among the addresses"),
    ("blocks in Blob", but(halted=series(({}, 1))), State.FAILED, "the compactor has halted"),
    ("blocks in Blob", but(halted=series(), blocks=series(({}, 1))), State.OK, "1 blocks"),
    (
        "blocks in Blob",
        but(blocks=series(({}, 0)), age=series(({}, 10_799))),
        State.TOO_YOUNG,
        "no block yet, ingestors run for 180 min",
    ),
    (
        "blocks in Blob",
        but(blocks=series(({}, 0)), age=series()),
        State.TOO_YOUNG,
        "no block yet, ingestors run for 0 min",
    ),
    ("blocks in Blob", but(blocks=series(({}, 0)), age=series(({}, 10_800))), State.FAILED, "no block, after 3 h"),
    ("the Alertmanagers are one", but(peers={"cluster": {"peers": None}}), State.FAILED, "of 2 they know [0, 0]"),
    ("the Alertmanagers are one", but(peers={"cluster": {}}), State.FAILED, "of 2 they know [0, 0]"),
    ("the Alertmanagers are one", but(peers={"cluster": {"peers": [1, 2, 3]}}), State.FAILED, "of 2 they know [3, 3]"),
    (
        "Prometheus tells each Alertmanager",
        but(known={"data": {"activeAlertmanagers": [1]}}),
        State.FAILED,
        "https://p0:9090 tells 1 of 2",
    ),
    (
        "Prometheus tells each Alertmanager",
        but(known={"data": {"activeAlertmanagers": [1, 2, 3]}}),
        State.OK,
        "each Prometheus tells all 2",
    ),
    ("the Watchdog arrives", but(alerts=[]), State.FAILED, "no Watchdog of trial-alpha at Alertmanager"),
    (
        "the Watchdog arrives",
        but(alerts=[{"labels": {"alertname": "Other", "cluster": "trial-alpha"}}]),
        State.FAILED,
        "no Watchdog of trial-alpha at Alertmanager",
    ),
    (
        "the Watchdog arrives",
        but(calls=[{"path": "/trial-beta/other", "body": ""}]),
        State.FAILED,
        "at Alertmanager, but the switch was not called",
    ),
    ("an alert is told", Canned(takes_alerts=201), State.FAILED, "Alertmanager takes no alert: 201 "),
    (
        "sign-in is required",
        Canned(strangers={**STRANGERS, "/api/v1/query": 200}),
        State.FAILED,
        "/api/v1/query?query=up: 200; /thanos/api/v1/query?query=up: 200; /graph: 302",
    ),
    ("sign-in is required", Canned(strangers={**STRANGERS, "/graph": 200}), State.FAILED, "/graph: 200"),
    ("basic auth lets a machine in", but(machine=403), State.FAILED, "a machine gets 403"),
    ("the router wants a certificate", Canned(refuses=False), State.FAILED, "remote write lets strangers in"),
    ("Query wants a certificate", Canned(refuses=False), State.FAILED, "Query by gRPC lets strangers in"),
    (
        "the global query",
        but(regions=series(({"cluster": "trial-beta"}, 1), ({}, 1))),
        State.FAILED,
        "nothing of trial-alpha",
    ),
    (
        "the global query",
        but(regions={**GOOD["count by (cluster) (up)"], "warnings": ["gone", "slow"]}),
        State.FAILED,
        "gone; slow",
    ),
    (
        "the global query",
        but(regions={**GOOD["count by (cluster) (up)"], "warnings": None}),
        State.OK,
        "trial-alpha, trial-beta, no warning",
    ),
    (
        "federation",
        but(fetched=series(({"instance": "b"}, 0), ({"instance": "c"}, 1))),
        State.FAILED,
        "b is not fetched",
    ),
    ("federation", but(arrived=series()), State.FAILED, "nothing of trial-beta"),
    ("federation", but(arrived_at=series(({}, 180))), State.OK, "trial-beta: 90 series; none in Thanos"),
    ("federation", but(arrived_at=series(({}, 181))), State.FAILED, "trial-beta is 181 s old"),
    ("federation", but(arrived_at=series()), State.FAILED, "trial-beta is 0 s old"),
    (
        "federation",
        but(arrived=series(beta(series_of_it=20_000))),
        State.OK,
        "trial-beta: 20000 series; none in Thanos",
    ),
    ("federation", but(arrived=series(beta(series_of_it=20_001))), State.FAILED, "trial-beta has 20001 series"),
    (
        "federation",
        but(arrived=series(beta(series_of_it=10_001), beta("federated:b", series_of_it=10_000))),
        State.FAILED,
        "trial-beta has 20001 series",
    ),
    ("federation", but(passed_on=series(({}, 1))), State.FAILED, "1 series are in Thanos"),
]


@pytest.mark.parametrize(("check", "client", "state", "evidence"), BOUNDS, ids=[f"{b[0]}: {b[3]}" for b in BOUNDS])
def test_check_passes_at_the_bound_and_fails_beyond(check: str, client: Canned, state: State, evidence: str) -> None:
    result = run_check(check, client)
    assert (result.state, result.evidence) == (state, evidence)
    assert bool(result.hint) == (state is State.FAILED)


def test_a_rule_that_is_missing_or_broken_is_named() -> None:
    group = rule_group()
    first = group["rules"][0]
    missing = run_check("rules are evaluated", but(rules=groups({**group, "rules": group["rules"][1:]})))
    assert missing.evidence.startswith(f"{first['name']} is missing; ")
    broken = {**first, "health": "err", "lastError": "a label twice"}
    faulty = run_check("rules are evaluated", but(rules=groups({**group, "rules": [broken, *group["rules"][1:]]})))
    assert faulty.evidence == f"{first['name']}: a label twice; {first['name']}: a label twice"
    unknown = {**first, "health": "unknown"}
    young = run_check("rules are evaluated", but(rules=groups({**group, "rules": [unknown, *group["rules"][1:]]})))
    assert young.state is State.OK


@pytest.mark.parametrize(("late", "state"), [(90, State.OK), (91, State.FAILED)])
def test_results_are_old_after_two_intervals_and_some_slack(late: float, state: State) -> None:
    """Of 30 s each, and 30 s."""
    result = run_check("rules are evaluated", but(rules=groups(rule_group(late=late))))
    assert result.state is state
    assert (result.evidence == "; ".join(["all was last evaluated 91 s ago"] * 2)) == (state is State.FAILED)


def test_first_replica_of_several_is_queried() -> None:
    two = Deployment(
        region=REGION, components={**DEPLOYMENT.components, "thanos-query": ["http://query:1", "http://q2:1"]}
    )
    client = Recorded()
    run_check("copies in Receive", client, two)
    assert [asked.partition("/thanos/")[0] for asked in client.asked] == ["http://query:1"]


def test_long_evidence_is_truncated() -> None:
    group = rule_group()
    assert len(run_check("rules are evaluated", but(rules=groups({**group, "rules": []}))).evidence) == 300


def test_one_alertmanager_must_know_as_many_as_the_region_has() -> None:
    alone = Deployment(region=REGION, components={"alertmanager": ["https://a0:9093"]})
    (check,) = [one for one in CHECKS if one.name == "the Alertmanagers are one"]
    assert ask(check, but(peers={"cluster": {"peers": [1]}}), alone).evidence == "of 3 they know [1]"
    assert ask(check, but(peers={"cluster": {"peers": [1, 2, 3]}}), alone).evidence == "3 know one another"


def test_without_a_receiver_the_watchdog_need_only_be_at_alertmanager() -> None:
    afar = Deployment(region=REGION, components=DEPLOYMENT.components)
    assert run_check("the Watchdog arrives", Canned(), afar).evidence == "at Alertmanager"


@pytest.mark.parametrize(
    ("days", "state", "evidence"),
    [
        (7.5, State.OK, "6 certificates, at least 7 days left"),
        (
            6.5,
            State.FAILED,
            "; ".join(
                f"{address} ends in 6 days"
                for address in ("p0:9090", "p1:9090", "a0:9093", "a1:9093", "router:19291", "query:10901")
            ),
        ),
    ],
)
def test_certificate_expiring_within_a_week_fails(days: float, state: State, evidence: str) -> None:
    result = run_check("certificates last", Canned(days=days))
    assert (result.state, result.evidence) == (state, evidence)


def test_plain_http_endpoints_have_no_expiry_check() -> None:
    plain = Deployment(region=REGION, components={"prometheus": ["http://p0:9090"]})
    assert run_check("certificates last", Canned(), plain).evidence == "no address with TLS among the addresses"
    other = Deployment(region=REGION, components={"prometheus": ["https://p0"]})
    assert run_check("certificates last", Canned(days=1.5), other).evidence == "p0:443 ends in 1 days"


def test_the_part_that_is_missing_is_named() -> None:
    none = Deployment(region=REGION, components={})
    named = {check.name: ask(check, Canned(), none).evidence for check in CHECKS}
    assert {evidence.removesuffix(" among the addresses") for evidence in named.values()} == {
        "no prometheus",
        "no alertmanager",
        "no thanos-query",
        "no receiver that may get a test alert (--send-alert)",
        "no proxy",
        "no remote write",
        "no Query by gRPC",
        "no address with TLS",
        "no thanos-global-query-frontend",
    }


def test_a_region_without_the_global_view_federates_nothing() -> None:
    other = Deployment(region=REGION.model_copy(update={"global_view": False}), components=DEPLOYMENT.components)
    assert run_check("federation", Canned(), other).evidence == "no global view among the addresses"


@pytest.mark.parametrize(
    ("state", "holds"),
    [
        (State.OK, True),
        (State.TOO_YOUNG, True),
        (State.NOT_HERE, True),
        (State.FAILED, False),
        (State.UNREACHABLE, False),
    ],
)
def test_result_state_decides_whether_a_result_is_good(state: State, holds: bool) -> None:
    assert Result(check="x", state=state, evidence="").good is holds


@pytest.mark.parametrize(
    ("states", "code"),
    [
        ([State.OK, State.TOO_YOUNG, State.NOT_HERE], 0),
        ([State.OK, State.FAILED], 1),
        ([State.OK, State.UNREACHABLE], 1),
        ([State.FAILED, State.UNREACHABLE], 1),
        ([State.UNREACHABLE, State.UNREACHABLE], 2),
        ([State.UNREACHABLE, State.NOT_HERE], 2),
        ([State.UNREACHABLE, State.TOO_YOUNG], 2),
    ],
)
def test_the_exit_code_of_states(states: list[State], code: int) -> None:
    assert exit_code([Result(check="x", state=state, evidence="") for state in states]) == code


def test_explicit_finding_state_overrides_good_or_bad() -> None:
    assert Finding(good=True, evidence="").outcome is State.OK
    assert Finding(good=False, evidence="").outcome is State.FAILED
    assert Finding(good=True, evidence="", state=State.TOO_YOUNG).outcome is State.TOO_YOUNG


def test_hint_is_given_for_unreachable_and_not_for_good_results() -> None:
    def nobody(*_: object) -> Finding:
        raise UnreachableError("nobody")

    def nothing(*_: object) -> Finding:
        raise NotHereError("part")

    check = Check(name="x", ask=nobody, hint="look there")
    assert ask(check, Canned(), DEPLOYMENT) == Result(
        check="x", state=State.UNREACHABLE, evidence="nobody", hint="look there"
    )
    assert ask(Check(name="x", ask=nothing, hint="look there"), Canned(), DEPLOYMENT) == Result(
        check="x", state=State.NOT_HERE, evidence="no part among the addresses", hint=""
    )


def test_each_check_is_announced_before_it_runs() -> None:
    said: list[str] = []
    results = list(verify(Canned(), DEPLOYMENT, say=said.append))
    assert said == [check.name for check in CHECKS] == [result.check for result in results]


def test_invalid_query_response_is_reported() -> None:
    with pytest.raises(UnreachableError, match=r"^x does not answer up: \{\}$"):
        vector(Canned(answers={"x": {}}), "x", "up")
    assert scalar(Canned(answers={"x": series()}), "x", "up") is None
    assert scalar(Canned(answers={"x": series(({}, 1), ({}, 2))}), "x", "up") == 1
    assert vector(Canned(answers={"x": series(({"a": "b"}, 1.5))}), "x", "up") == [({"a": "b"}, 1.5)]


def test_non_json_response_is_reported_with_its_first_characters() -> None:
    with pytest.raises(UnreachableError, match=f"no JSON but 302 '{'x' * 80}'$"):
        Answer(status=302, text="x" * 81).json()
