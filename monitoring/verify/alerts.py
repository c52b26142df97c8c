"""Checks of rules and of the alert path to the receiver."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from monitoring.blueprint.alerting.inhibition import WATCHDOG
from monitoring.blueprint.rules.loader import rules
from monitoring.clock import ask_until_true
from monitoring.verify.client import Client
from monitoring.verify.model import Deployment, Finding, NotHereError, bad, good

TEST_ALERT = "OversightVerifies"
ARRIVES_WITHIN = 30
"""Seconds that a test alert may take to a receiver."""

LATE = 2
"""Intervals after which a group's last evaluation is old."""

SLACK = 30
"""Seconds besides: a Prometheus begins its groups at different moments of the interval."""


def rules_are_evaluated(client: Client, deployment: Deployment) -> Finding:
    """Every rule of ours is there, evaluates without an error, and has done so lately."""
    region = deployment.region
    files = rules().delivered(runbook_base=region.runbooks, global_view=region.global_view).values()
    ours = [rule for file in files for group in file["groups"] for rule in group["rules"]]
    wanted = {(kind, rule[kind]) for rule in ours for kind in _KINDS & rule.keys()}
    wrong: list[str] = []
    for url in deployment.prometheuses:
        groups = client.get(f"{url}/api/v1/rules").json()["data"]["groups"]
        there = {(_TYPES[rule["type"]], rule["name"]) for group in groups for rule in group["rules"]}
        wrong += [f"{name} is missing" for _, name in sorted(wanted - there)]
        wrong += [text for group in groups for text in _faults(group, client.clock.now())]
    shown = f"{len(wanted)} rules at each replica, all evaluated in the last {LATE} intervals"
    return bad("; ".join(wrong)[:300]) if wrong else good(shown)


def alertmanagers_are_one(client: Client, deployment: Deployment) -> Finding:
    """They know one another: an alert is told once."""
    peers = [
        len(client.get(f"{url}/api/v2/status").json()["cluster"].get("peers") or ()) for url in deployment.alertmanagers
    ]
    wanted = len(peers) if len(peers) > 1 else deployment.region.alertmanager.replicas
    return good(f"{wanted} know one another") if set(peers) == {wanted} else bad(f"of {wanted} they know {peers}")


def prometheus_tells_each_alertmanager(client: Client, deployment: Deployment) -> Finding:
    """Every Prometheus has every Alertmanager, and none is dropped."""
    wanted = len(deployment.alertmanagers)
    for url in deployment.prometheuses:
        known = client.get(f"{url}/api/v1/alertmanagers").json()["data"]["activeAlertmanagers"]
        if len(known) < wanted:
            return bad(f"{url} tells {len(known)} of {wanted}")
    return good(f"each Prometheus tells all {wanted}")


def watchdog_arrives(client: Client, deployment: Deployment) -> Finding:
    """The alert that always fires is at Alertmanager, and at the switch where that can be seen."""
    alerts = client.get(f"{deployment.alertmanagers[0]}/api/v2/alerts").json()
    own = {"alertname": WATCHDOG, "cluster": deployment.region.name}
    if not any(own.items() <= one["labels"].items() for one in alerts):
        return bad(f"no {WATCHDOG} of {deployment.region.name} at Alertmanager")
    if deployment.receiver is None:
        return good("at Alertmanager")
    switch = f"/{deployment.region.name}/{deployment.region.alerting.dead_mans_switch.secret}"
    called = sum(call["path"] == switch for call in _calls(client, deployment))
    return (
        good(f"the switch was called {called} times")
        if called
        else bad("at Alertmanager, but the switch was not called")
    )


def an_alert_reaches_a_receiver(client: Client, deployment: Deployment) -> Finding:
    """A test alert, posted to one Alertmanager, is told."""
    if not (deployment.receiver or deployment.may_alert):
        raise NotHereError("receiver that may get a test alert (--send-alert)")
    mark = uuid.uuid4().hex
    labels = {"alertname": TEST_ALERT, "severity": "critical", "cluster": deployment.region.name, "namespace": mark}
    annotations = {"summary": "A test of the way to whoever is told.", "description": "Nothing is wrong."}
    answer = client.post(
        f"{deployment.alertmanagers[0]}/api/v2/alerts", [{"labels": labels, "annotations": annotations}]
    )
    if answer.status != 200:  # noqa: PLR2004  (HTTP's own)
        return bad(f"Alertmanager takes no alert: {answer.status} {answer.text[:100]}")
    if deployment.receiver is None:
        return good(f"sent; who is told of critical alerts has one of namespace {mark}")
    told = ask_until_true(
        lambda: [call for call in _calls(client, deployment) if mark in str(call["body"])],
        patience=ARRIVES_WITHIN,
        clock=client.clock,
    )
    return good(f"told at {told[0]['path']}, {len(told)} time") if told else bad(f"not told within {ARRIVES_WITHIN} s")


_TYPES = {"recording": "record", "alerting": "alert"}
_KINDS = frozenset(_TYPES.values())


def _faults(group: dict[str, Any], now: float) -> Iterator[str]:
    last = datetime.fromisoformat(group["lastEvaluation"])
    late = now - last.timestamp()
    if last.year == 1:  # Go's zero time
        yield f"{group['name']} was not evaluated yet"
    elif late > LATE * group["interval"] + SLACK:
        yield f"{group['name']} was last evaluated {late:.0f} s ago"
    yield from (f"{rule['name']}: {rule.get('lastError', '')}" for rule in group["rules"] if rule["health"] == "err")


def _calls(client: Client, deployment: Deployment) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"{deployment.receiver}/calls").json()
    return found
