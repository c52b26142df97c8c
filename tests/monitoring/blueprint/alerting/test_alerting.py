"""Alertmanager's configuration as data: what holds in every region. What it does is in tests/alerting/."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from monitoring.blueprint.alerting import configuration, template_files
from monitoring.blueprint.components.workloads import ALERTMANAGER, ALERTMANAGER_SECRETS
from monitoring.blueprint.objects import key_vault
from monitoring.fleet import Duration, Fleet, Region, load_fleet

TRIAL = load_fleet(Path(__file__).parents[3] / "fleet" / "regions")
every_region = pytest.mark.parametrize("region", TRIAL.regions, ids=lambda region: region.name)


def _routes(route: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield route
    for below in route.get("routes", ()):
        yield from _routes(below)


def _changed(region: Region, **alerting: object) -> Region:
    return region.model_copy(update={"alerting": region.alerting.model_copy(update=alerting)})


def _watchdog(region: Region) -> Any:
    return configuration(region)["route"]["routes"][0]


@every_region
def test_each_route_has_an_existing_receiver(region: Region) -> None:
    config = configuration(region)
    assert {route["receiver"] for route in _routes(config["route"])} == {one["name"] for one in config["receivers"]}


@every_region
def test_every_secret_is_a_file_that_is_mounted(region: Region) -> None:
    files = set(re.findall(rf"{key_vault.FOLDER}/(\S+)", yaml.safe_dump(configuration(region))))
    provided = key_vault.secret_provider_class(ALERTMANAGER_SECRETS, region, ALERTMANAGER.secrets(region))
    objects = yaml.safe_load(provided["spec"]["parameters"]["objects"])["array"]
    assert files == {yaml.safe_load(one)["objectName"] for one in objects} == set(region.alerting.secrets())


def test_unused_receiver_and_its_secret_are_omitted(zoned: Region) -> None:
    assert "unused" in zoned.alerting.receivers
    assert "unused" not in yaml.safe_dump(configuration(zoned))
    assert not [name for name in ALERTMANAGER.secrets(zoned) if "unused" in name]


def test_default_alertmanager_configuration_of_the_chart_is_replaced(zoned: Region) -> None:
    """The two are merged by Helm: a key that only the chart sets would stay, and name a receiver that is gone."""
    config = configuration(zoned)
    assert config.keys() == {"global", "route", "inhibit_rules", "receivers", "templates"}
    assert config["global"].keys() == {"resolve_timeout"}
    of_the_chart = {"receiver", "group_by", "group_wait", "group_interval", "repeat_interval", "routes"}
    assert config["route"].keys() == of_the_chart


def test_alerts_are_grouped_by_alertname_and_location_labels(zoned: Region) -> None:
    assert configuration(zoned)["route"]["group_by"] == ["cluster", "alertname", "namespace"]


def test_info_severity_may_have_no_receiver(zoned: Region) -> None:
    silent = _changed(zoned, routes=zoned.alerting.routes.model_copy(update={"info": None}))
    assert configuration(silent)["route"]["routes"][-1] == {"matchers": ['severity="info"'], "receiver": "nobody"}


def test_dead_mans_switch_route_matches_only_the_regions_watchdog(fleet: Fleet) -> None:
    for region in fleet.regions:
        route = _watchdog(region)
        assert route["matchers"] == ['alertname="Watchdog"', f'cluster="{region.name}"']
        assert [one["receiver"] for one in _routes(configuration(region)["route"])].count(route["receiver"]) == 1


def test_dead_mans_switch_sends_no_resolved_notification(zoned: Region) -> None:
    """A call that says "resolved" is a call, and the switch would stay quiet."""
    (switch,) = [one for one in configuration(zoned)["receivers"] if one["name"] == _watchdog(zoned)["receiver"]]
    assert [one["send_resolved"] for one in switch["webhook_configs"]] == [False]


@given(st.integers(min_value=5, max_value=3600))
def test_dead_mans_switch_repeats_at_every_interval(seconds: int) -> None:
    """Alertmanager tells a group again when it looks and `repeat_interval` has passed, to the millisecond."""
    region = TRIAL.regions[0]
    switch = region.alerting.dead_mans_switch.model_copy(update={"interval": Duration(seconds)})
    route = _watchdog(_changed(region, dead_mans_switch=switch))
    look, repeat = (Duration.parse(route[key]).seconds for key in ("group_interval", "repeat_interval"))
    assert look == seconds
    assert look / 2 < repeat < look


def test_region_down_inhibition_exists_only_with_the_global_view(fleet: Fleet) -> None:
    for region in fleet.regions:
        sources = [rule["source_matchers"] for rule in configuration(region)["inhibit_rules"]]
        lost = [matchers for matchers in sources if 'alertname="RegionUnreachable"' in matchers]
        assert lost == ([['alertname="RegionUnreachable"', f'cluster!="{region.name}"']] if region.global_view else [])


def test_zone_inhibition_is_absent_without_zones(unzoned: Region) -> None:
    assert "ZoneDown" not in yaml.safe_dump(configuration(unzoned))


def test_notification_templates_pass_helm_and_terraform_unchanged() -> None:
    (text,) = template_files().values()
    assert '{{ define "oversight.title" -}}' in text
    assert "${" not in text
    assert "%{" not in text


def test_pagerduty_is_called_in_the_service_region_of_its_host(zoned: Region) -> None:
    (night,) = [one for one in configuration(zoned)["receivers"] if one["name"] == "night"]
    assert night["pagerduty_configs"][0]["url"] == f"https://{zoned.alerting.receivers['night'].host}/v2/enqueue"
