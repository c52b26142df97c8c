"""What is due, from answers in the forms that az, kubectl and gh document."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner

from monitoring.__main__ import main
from monitoring.blueprint.capacity.node_pools import most_cores
from monitoring.blueprint.releases import releases
from monitoring.blueprint.values.charts import ROOT, Chart, KubernetesRange, Versions, versions
from monitoring.doctor import ask as asking
from monitoring.doctor import ends, operation
from monitoring.doctor import versions as of_versions
from monitoring.doctor.row import Row, State
from monitoring.fleet import Fleet, Region
from monitoring.prerequisites.asking import Answer, only_reads

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
REGIONS = str(ROOT / "tests" / "fleet" / "regions")
KNOWN = Versions(
    kubernetes=KubernetesRange(oldest="1.36", newest="1.37"),
    charts={"thanos": Chart(name="thanos", address="oci://x.test/charts", version="1.24.1", digest=None)},
    images={},
    digests={},
)


def day(days: float) -> str:
    return (NOW + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def cluster(running: str, *pools: str) -> dict[str, Any]:
    named = [{"name": f"pool{n}", "currentOrchestratorVersion": one} for n, one in enumerate(pools)]
    return {"currentKubernetesVersion": running, "agentPoolProfiles": named}


def upgrades(*offered: str) -> dict[str, Any]:
    return {"controlPlaneProfile": {"upgrades": [{"kubernetesVersion": one, "isPreview": None} for one in offered]}}


def states(rows: Any) -> list[State]:
    return [row.state for row in rows]


@pytest.mark.parametrize(
    ("running", "offered", "state", "action"),
    [
        ("1.37.2", (), State.FINE, ""),
        ("1.36.4", (), State.FINE, ""),
        ("1.36.4", ("1.37.1",), State.SOON, "upgrade to 1.37"),
        ("1.35.9", ("1.36.4",), State.DUE, "upgrade to 1.36"),
        ("1.38.0", (), State.DUE, "extend the range in helm-values/versions.yaml, or upgrade"),
    ],
)
def test_version_of_the_control_plane(running: str, offered: tuple[str, ...], state: State, action: str) -> None:
    row, _ = of_versions.kubernetes(cluster(running, running), upgrades(*offered), KNOWN)
    assert (row.state, row.action, row.expected) == (state, action, "1.36 to 1.37")


@pytest.mark.parametrize(("pool", "state"), [("1.36.4", State.FINE), ("1.37.0", State.SOON), ("1.35.1", State.DUE)])
def test_version_of_a_node_pool(pool: str, state: State) -> None:
    _, row = of_versions.kubernetes(cluster("1.36.9", pool), upgrades(), KNOWN)
    assert (row.subject, row.state) == ("Kubernetes of pool pool0", state)


@pytest.mark.parametrize(
    ("running", "latest", "state"),
    [
        ("AKSUbuntu-2204-1", "AKSUbuntu-2204-1", State.FINE),
        ("AKSUbuntu-2204-1", "AKSUbuntu-2204-2", State.SOON),
        ("AKSUbuntu-2204-1", None, State.UNKNOWN),
    ],
)
def test_node_image(running: str, latest: str | None, state: State) -> None:
    assert of_versions.node_image("pool0", running, {"latestNodeImageVersion": latest}).state is state


def workloads(*labels: str) -> dict[str, Any]:
    return {"items": [{"metadata": {"name": "x", "labels": {"helm.sh/chart": one}}} for one in labels]}


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        (("thanos-1.24.1", "thanos-1.24.1"), [State.FINE]),
        (("thanos-1.23.0",), [State.SOON]),
        (("thanos-1.24.1", "thanos-1.23.0"), [State.SOON]),
        (("another-1.0.0",), [State.UNKNOWN]),
        ((), [State.UNKNOWN]),
    ],
)
def test_chart_of_what_runs_beside_the_pinned_one(labels: tuple[str, ...], found: list[State]) -> None:
    assert states(of_versions.charts(workloads(*labels), KNOWN, {"thanos"})) == found


def test_expected_chart_that_nothing_bears_is_unknown() -> None:
    found = of_versions.charts(workloads("thanos-1.24.1"), versions(), {"thanos", "oauth2-proxy"})
    assert [(row.subject, row.state) for row in found] == [
        ("chart thanos", State.FINE),
        ("chart oauth2-proxy", State.UNKNOWN),
    ]


def test_cluster_that_says_nothing_is_unknown() -> None:
    assert states(of_versions.kubernetes({}, upgrades(), KNOWN)) == [State.UNKNOWN]
    no_pools = of_versions.kubernetes({"currentKubernetesVersion": "1.37.1"}, upgrades(), KNOWN)
    assert [(row.subject, row.state) for row in no_pools] == [
        ("node pools", State.UNKNOWN),
        ("Kubernetes", State.FINE),
    ]


def certificate(ready: str, ends_in: float | None, renewal: float) -> dict[str, Any]:
    status: dict[str, Any] = {"conditions": [{"type": "Ready", "status": ready}], "renewalTime": day(renewal)}
    return {"metadata": {"name": "query"}, "status": {**status, "notAfter": day(ends_in) if ends_in else None}}


@pytest.mark.parametrize(
    ("one", "state"),
    [
        (certificate("True", 60, 30), State.FINE),
        (certificate("True", 20, -0.5), State.FINE),
        (certificate("True", 20, -2), State.SOON),
        (certificate("False", 20, 5), State.DUE),
        (certificate("True", -1, -30), State.DUE),
        (certificate("True", None, 5), State.DUE),
    ],
)
def test_certificate(one: dict[str, Any], state: State) -> None:
    assert states(ends.certificates({"items": [one]}, NOW)) == [state]


def test_region_without_a_certificate_is_unknown() -> None:
    assert states(ends.certificates({"items": []}, NOW)) == [State.UNKNOWN]


def request(chain: str) -> dict[str, Any]:
    return {"items": [{"status": {"certificate": base64.b64encode(chain.encode()).decode()}}]}


def test_issuing_authority_is_read_from_the_chain(zoned: Region) -> None:
    root = zoned.trust[0]
    before, soon, after = (root.ends - timedelta(days=days) for days in (91, 89, -1))
    assert states(ends.intermediates(request(root.pem), before)) == [State.FINE]
    assert states(ends.intermediates(request(root.pem), soon)) == [State.SOON]
    assert states(ends.intermediates(request(root.pem), after)) == [State.DUE]


@pytest.mark.parametrize(
    "found", [{"items": []}, request("no certificate"), {"items": [{"status": {"certificate": "%"}}]}]
)
def test_chain_that_says_nothing_is_unknown(found: dict[str, Any]) -> None:
    assert states(ends.intermediates(found, NOW)) == [State.UNKNOWN]


def test_unreadable_chain_hides_no_other(zoned: Region) -> None:
    root = zoned.trust[0]
    both = {"items": [*request(root.pem)["items"], *request("no certificate")["items"]]}
    assert sorted(states(ends.intermediates(both, root.ends))) == [State.DUE, State.UNKNOWN]


def test_authority_that_another_has_followed_counts_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"old": [("CA", NOW - timedelta(days=1))], "new": [("CA", NOW + timedelta(days=365))]}
    monkeypatch.setattr(ends, "authorities", told.__getitem__)
    both = {"items": [*request("old")["items"], *request("new")["items"]]}
    assert states(ends.intermediates(both, NOW)) == [State.FINE]


def test_drill_is_overdue_when_its_alert_says_so() -> None:
    rules = (ROOT / "helm-values" / "rules" / "alerts-drill.yaml").read_text(encoding="utf-8")
    assert f"> {operation.DRILL_AGE.total_seconds() / 3600:.0f} * 3600" in rules


def test_roots(zoned: Region) -> None:
    root = zoned.trust[0]
    assert states(ends.roots(zoned, root.ends - timedelta(days=181))) == [State.FINE] * len(zoned.trust)
    assert State.SOON in states(ends.roots(zoned, root.ends - timedelta(days=179)))
    assert State.DUE in states(ends.roots(zoned, root.ends))
    assert states(ends.roots(zoned.model_copy(update={"trust": ()}), NOW)) == [State.DUE]


@pytest.mark.parametrize(
    ("attributes", "state", "found"),
    [
        ({"enabled": True, "expires": day(31)}, State.FINE, "ends 2026-12-29"),
        ({"enabled": True, "expires": day(29)}, State.SOON, "ends 2026-12-27"),
        ({"enabled": True, "expires": day(-1)}, State.DUE, "ends 2026-11-27"),
        ({"enabled": True, "expires": None}, State.SOON, "no end date"),
        ({"enabled": False, "expires": day(90)}, State.DUE, "disabled"),
        (None, State.DUE, "not there"),
    ],
)
def test_secret(attributes: dict[str, Any] | None, state: State, found: str) -> None:
    listed = [] if attributes is None else [{"name": "a", "attributes": attributes}]
    (row,) = ends.secrets({"a"}, [*listed, {"name": "another", "attributes": {}}], NOW)
    assert (row.subject, row.state, row.found) == ("secret a", state, found)


@pytest.mark.parametrize(("used", "state"), [(0, State.FINE), (1000, State.DUE)])
def test_quota(zoned: Region, used: int, state: State) -> None:
    usage = [{"name": {"value": "standardEDSv5Family"}, "currentValue": used, "limit": 1000}]
    row = operation.quota(zoned, "StandardEDSv5Family", usage, {})
    assert (row.state, row.found) == (state, f"{1000 - used} vCPUs free of 1000")
    assert operation.quota(zoned, "another", usage, {}).state is State.UNKNOWN


def test_quota_counts_what_the_pools_have_already(zoned: Region) -> None:
    usage = [{"name": {"value": "f"}, "currentValue": 0, "limit": 1000}]
    pools = {"agentPoolProfiles": [{"name": "monitorz1", "count": 2}, {"name": "others", "count": 50}]}
    without, with_two = (operation.quota(zoned, "f", usage, found).expected for found in ({}, pools))
    first, second = (int(text.split()[0]) for text in (without, with_two))
    assert first == most_cores(zoned)
    assert first - second == 2 * 4


@pytest.mark.parametrize(("hours", "state"), [(35, State.FINE), (37, State.DUE), (None, State.DUE)])
def test_drill(hours: int | None, state: State) -> None:
    job = {"status": {"lastSuccessfulTime": day(-hours / 24)}} if hours else None
    assert operation.drill(job, NOW).state is state


@pytest.mark.parametrize(
    ("conclusion", "days", "state"),
    [("success", 1, State.FINE), ("success", 3, State.DUE), ("failure", 1, State.DUE), (None, 0, State.DUE)],
)
def test_drift(conclusion: str | None, days: float, state: State) -> None:
    runs = {
        "workflow_runs": [{"conclusion": conclusion, "status": "queued", "created_at": day(-days), "html_url": "u"}]
    }
    assert operation.drift(runs, NOW).state is state
    assert operation.drift({"workflow_runs": []}, NOW).state is State.UNKNOWN


def window(name: str, day: str = "Saturday", start: str = "03:00", hours: int = 6, **more: Any) -> dict[str, Any]:
    schedule = {"weekly": {"dayOfWeek": day, "intervalWeeks": more.pop("every", 1)}}
    said = {"schedule": schedule, "startTime": start, "durationHours": hours, "utcOffset": "+00:00", **more}
    return {"name": name, "maintenanceWindow": said}


AUTO, NODES = operation.SCHEDULES


@pytest.mark.parametrize(
    ("configured", "found"),
    [
        ([window(AUTO), window(NODES)], [State.FINE, State.FINE]),
        ([window(AUTO)], [State.FINE, State.DUE]),
        ([window(AUTO, day="Monday"), window(NODES, start="04:00")], [State.DUE, State.DUE]),
        ([window(AUTO, hours=4), window(NODES, every=2)], [State.DUE, State.DUE]),
        ([window(AUTO, utcOffset="+02:00"), window(NODES)], [State.DUE, State.FINE]),
    ],
)
def test_maintenance_window_beside_the_regions_file(zoned: Region, configured: Any, found: list[State]) -> None:
    assert states(operation.maintenance(zoned, configured)) == found


def test_region_without_a_window_lets_aks_upgrade_nothing(zoned: Region) -> None:
    never = zoned.model_copy(update={"maintenance_window": None})
    assert states(operation.maintenance(never, [])) == [State.FINE, State.FINE]
    assert states(operation.maintenance(never, [window(AUTO)])) == [State.DUE, State.FINE]


def test_disks_are_those_of_the_capacity_model(fleet: Fleet, zoned: Region) -> None:
    rows = list(operation.disks(zoned, releases(zoned, fleet.peers_of(zoned))))
    assert {row.subject for row in rows} >= {"disk of Prometheus", "disk of Receive ingestor", "disk of Compactor"}
    assert {row.state for row in rows} <= {State.FINE, State.SOON}
    many = zoned.model_copy(update={"load": zoned.load.model_copy(update={"active_series": 10**8})})
    assert State.DUE in states(operation.disks(many, releases(zoned, fleet.peers_of(zoned))))


def test_every_command_only_reads(zoned: Region) -> None:
    lines = [*asking.looks(zoned, "owner/name").values(), asking.node_image_look(zoned, "pool0")]
    assert [line for line in lines if not only_reads(line)] == []
    assert not only_reads(("az", "aks", "upgrade", "--name", "x"))


def answered(zoned: Region, **changes: Answer) -> dict[tuple[str, ...], Answer]:
    """Good answers to every command, but for the changes."""
    pinned = {name: chart.version for name, chart in versions().charts.items()}
    names = {one: {"enabled": True, "expires": day(400)} for one in secrets_of(zoned)}
    values: dict[str, Any] = {
        "cluster": cluster("1.37.1", "1.37.1"),
        "upgrades": upgrades(),
        "maintenance": [window(AUTO), window(NODES)],
        "workloads": workloads(*(f"{name}-{version}" for name, version in pinned.items())),
        "certificates": {"items": [certificate("True", 60, 30)]},
        "requests": request(zoned.trust[0].pem),
        "secrets": [{"name": name, "attributes": attributes} for name, attributes in names.items()],
        "sizes": [{"name": zoned.node_pools.vm_size, "family": "f"}],
        "usage": [{"name": {"value": one}, "currentValue": 0, "limit": 9999} for one in ("f", "cores")],
        "drill": {"status": {"lastSuccessfulTime": day(-0.5)}},
        "drift": {"workflow_runs": [{"conclusion": "success", "created_at": day(-0.5)}]},
    }
    looks = asking.looks(zoned, "owner/name")
    found = {looks[name]: changes.get(name, Answer(value=value)) for name, value in values.items()}
    image = Answer(value={"latestNodeImageVersion": None})
    return {**found, asking.node_image_look(zoned, "pool0"): image}


def secrets_of(region: Region) -> set[str]:
    return {
        *("alertmanager-trial-night", "alertmanager-trial-desk", "alertmanager-trial-chat"),
        *("alertmanager-trial-dead-mans-switch", "oauth2-proxy-cookie-secret", "oauth2-proxy-htpasswd"),
        *("postgres-exporter-trial", "redis-exporter-trial"),
        *region.alerting.secrets(),
    }


def rows_of(zoned: Region, fleet: Fleet, monkeypatch: pytest.MonkeyPatch, **changes: Answer) -> list[Row]:
    monkeypatch.setattr(asking, "ask", answered(zoned, **changes).__getitem__)
    made = releases(zoned, fleet.peers_of(zoned))
    return list(asking.rows(zoned, made, repository="owner/name", now=NOW))


def test_healthy_region_has_nothing_due(zoned: Region, fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = rows_of(zoned, fleet, monkeypatch)
    assert {row.subject for row in rows if row.state is State.DUE} == set()
    assert {row.subject for row in rows if row.state is State.UNKNOWN} == {"node image of pool pool0"}


@pytest.mark.parametrize(
    "asked",
    [
        "cluster",
        "upgrades",
        "maintenance",
        "workloads",
        "certificates",
        "requests",
        "secrets",
        "sizes",
        "usage",
        "drill",
        "drift",
    ],
)
def test_what_could_not_be_asked_is_unknown_and_says_why(
    zoned: Region, fleet: Fleet, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    rows = rows_of(zoned, fleet, monkeypatch, **{asked: Answer(unknown="refused")})
    assert {row.state for row in rows if row.found == "refused"} == {State.UNKNOWN}


def test_command_says_what_is_due_and_exits_with_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "ask", lambda _: Answer(unknown="az is not on PATH"))
    told = CliRunner().invoke(main, ["doctor", "trial-alpha", "--json", "--regions", REGIONS])
    rows = json.loads(told.stdout)
    assert told.exit_code == 2
    assert {"subject": "Kubernetes", "state": "unknown", "found": "az is not on PATH"}.items() <= rows[0].items()
    table = CliRunner().invoke(main, ["doctor", "trial-alpha", "--all", "--regions", REGIONS])
    assert "disk of Prometheus" in table.stdout
