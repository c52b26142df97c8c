"""The real Alertmanager with the deployed configuration: what it silences, whom it tells, and what it says."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.alerting.alertmanager import Alertmanager, Services, alertmanager, services, until
from tests.alerting.deployed import TRIAL

pytestmark = pytest.mark.stack

REGION = TRIAL.region("trial-alpha")
SWITCH = f"/{REGION.alerting.dead_mans_switch.secret}"
PAGER = "/v2/enqueue"
DESK, CHAT = (f"/{REGION.alerting.receivers[name].secret}" for name in ("desk", "chat"))

HERE = {"cluster": REGION.name, "namespace": "shop"}
CRITICAL = {"alertname": "Slow", "severity": "critical", **HERE}
WARNING = {"alertname": "Slow", "severity": "warning", **HERE}
INFO = {"alertname": "Slow", "severity": "info", **HERE}
INFO_INHIBITOR = {"alertname": "InfoInhibitor", "severity": "none", **HERE}
WATCHDOG = {"alertname": "Watchdog", "severity": "none", "cluster": REGION.name}
ZONE_DOWN = {"alertname": "ZoneDown", "severity": "critical", "cluster": REGION.name, "zone": "zone-1"}
LOST = {"alertname": "RegionUnreachable", "severity": "critical", "cluster": "trial-beta"}
NODE = {"alertname": "KubeNodeNotReady", "severity": "warning", "cluster": REGION.name, "node": "a"}
STALE = {"alertname": "FederationStale", "severity": "critical", "cluster": "trial-beta"}


@pytest.fixture
def called() -> Iterator[Services]:
    with services() as made:
        yield made


@pytest.fixture
def real(called: Services, tmp_path: Path) -> Iterator[Alertmanager]:
    with alertmanager(REGION, tmp_path, called) as made:
        yield made


SILENCED = {
    "a warning beside its critical": (CRITICAL, WARNING),
    "an info beside its critical": (CRITICAL, INFO),
    "an info beside its warning": (WARNING, INFO),
    "info alone in its namespace": (INFO_INHIBITOR, INFO),
    "what a lost zone brings about, in that zone": (ZONE_DOWN, {**CRITICAL, "zone": "zone-1"}),
    "a node's warning while a zone is down": (ZONE_DOWN, NODE),
    "the global view of a lost region": (LOST, STALE),
    "warnings of the global view about a lost region": (LOST, {**STALE, "severity": "warning", "namespace": "x"}),
}
HEARD = {
    "a warning beside a critical of another namespace": (CRITICAL, {**WARNING, "namespace": "billing"}),
    "a warning beside a critical of another cluster": (CRITICAL, {**WARNING, "cluster": "trial-beta"}),
    "a warning beside another critical": (CRITICAL, {**WARNING, "alertname": "Broken"}),
    "a critical beside its warning": (WARNING, CRITICAL),
    "a warning beside info alone": (INFO_INHIBITOR, WARNING),
    "info of another namespace": (INFO_INHIBITOR, {**INFO, "namespace": "billing"}),
    "what happens in another zone": (ZONE_DOWN, {**CRITICAL, "zone": "zone-2"}),
    "what happens in the zone of that name elsewhere": (ZONE_DOWN, {**CRITICAL, "zone": "zone-1", "cluster": "x"}),
    "a critical without a zone while a zone is down": (ZONE_DOWN, {**NODE, "severity": "critical"}),
    "another part's warning while a zone is down": (ZONE_DOWN, {**WARNING, "alertname": "Broken"}),
    "the zone itself": (ZONE_DOWN, {**ZONE_DOWN, "zone": "zone-2"}),
    "the global view of a region that is not lost": (LOST, {**STALE, "cluster": "trial-gamma"}),
    "this region while another is lost": (LOST, CRITICAL),
    "this region, whoever calls it lost": ({**LOST, "cluster": REGION.name}, CRITICAL),
    "the Watchdog while a zone is down": (ZONE_DOWN, {**WATCHDOG, "zone": "zone-1"}),
    "the Watchdog of a region that is lost": (LOST, {**WATCHDOG, "cluster": "trial-beta"}),
}


@pytest.mark.parametrize("name", SILENCED)
def test_alert_with_wider_scope_inhibits_narrower_alerts(name: str, real: Alertmanager) -> None:
    greater, lesser = SILENCED[name]
    real.post(lesser)
    assert not real.silenced(lesser)
    real.post(greater)
    until(lambda: real.silenced(lesser), f"{name} is silenced")
    assert not real.silenced(greater)


@pytest.mark.parametrize("name", HEARD)
def test_alert_without_matching_inhibit_rule_is_notified(name: str, real: Alertmanager) -> None:
    greater, other = HEARD[name]
    # proof that the greater one is at work: without it the rest would be heard anyway
    child = next((two for one, two in SILENCED.values() if one == greater), None)
    real.post(greater, other, *([child] if child else []))
    if child:
        until(lambda: real.silenced(child), "the greater alert is at work")
    assert not real.silenced(other)


def test_silenced_alert_sends_no_notification(real: Alertmanager, called: Services) -> None:
    real.post(CRITICAL)
    until(lambda: called.to(PAGER), "the page has come")
    real.post(WARNING)
    real.post({**WARNING, "alertname": "Later"})
    until(lambda: "Later" in called.alerts(DESK), "the ticket has come that was fired after the silenced one")
    assert "Slow" not in called.alerts(DESK)
    assert len(called.to(PAGER)) == 1


def test_watchdog_notifies_the_dead_mans_switch_immediately_and_repeatedly(
    real: Alertmanager, called: Services
) -> None:
    real.post(WATCHDOG)
    until(lambda: len(called.to(SWITCH)) >= 3, "the switch was called three times")
    assert {path for path, _ in called.calls} == {SWITCH}


def test_page_notification_has_summary_and_links(real: Alertmanager, called: Services) -> None:
    real.secret(REGION.alerting.receivers["night"].secret, "the key of the night\n")
    real.post(
        CRITICAL,
        summary="Checkout is slow",
        description="99 % of requests take 4.2 s or less, 1 s is promised",
        runbook_url="https://runbooks.example/Slow.md",
        dashboard_url="https://metrics.example/d/application",
    )
    until(lambda: called.to(PAGER), "the page has come")
    (page,) = called.to(PAGER)
    assert page["routing_key"] == "the key of the night"
    assert page["payload"]["summary"] == "[FIRING] Slow in trial-alpha/shop: Checkout is slow"
    assert page["payload"]["severity"] == "critical"
    assert "99 % of requests take 4.2 s or less, 1 s is promised (since " in page["payload"]["custom_details"]["text"]
    links = {link["text"]: link["href"] for link in page["links"]}
    assert links["Runbook"] == "https://runbooks.example/Slow.md"
    assert links["Dashboard"] == "https://metrics.example/d/application"
    assert links["Silence"] == (
        f"https://{REGION.access.host}/alertmanager/#/silences/new?filter="
        "%7Balertname%3D%22Slow%22%2C%20cluster%3D%22trial-alpha%22%2C%20namespace%3D%22shop%22%7D"
    )


def test_alert_without_annotations_is_still_notified(real: Alertmanager, called: Services) -> None:
    real.post({"alertname": "OfATeam", "severity": "critical"})
    until(lambda: called.to(PAGER), "the page has come")
    (page,) = called.to(PAGER)
    assert page["payload"]["summary"] == "[FIRING] OfATeam"
    assert [link["text"] for link in page["links"]] == ["Silence"]


def test_rotated_receiver_secret_is_used_without_restart(real: Alertmanager, called: Services) -> None:
    def used(key: str) -> bool:
        return key in [page["routing_key"] for page in called.to(PAGER)]

    for key in ("first", "second"):
        real.secret(REGION.alerting.receivers["night"].secret, key)
        real.post({**CRITICAL, "alertname": key})
        until(partial(used, key), f"the {key} key is used")


def test_notification_has_the_format_of_its_receiver_type(real: Alertmanager, called: Services) -> None:
    real.post(INFO, description="a little slow", runbook_url="https://runbooks.example/Slow.md")
    until(lambda: called.to(CHAT), "the message has come")
    (card,) = called.to(CHAT)
    text = str(card)
    assert "a little slow (since " in text
    assert "[Runbook](https://runbooks.example/Slow.md)" in text
    assert f"[Silence](https://{REGION.access.host}/alertmanager/#/silences/new?filter=%7B" in text
