"""A region is added by its file alone: what changes in the stacks of the others."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from functools import cache

import pytest

from monitoring.effective.facts import Facts
from monitoring.effective.stacks import stack_facts
from monitoring.fleet import Fleet, load_fleet
from monitoring.review.changes import Change, between
from monitoring.review.report import sentence
from tests.constructs.synthesized import REGIONS, fleet, fleet_stack, synthesize

ADDED = "trial-delta"


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    """The fixture fleet with a fourth region: gamma's file under names and addresses of its own."""
    folder = tmp_path_factory.mktemp("fleet") / "regions"
    shutil.copytree(REGIONS, folder)
    gamma = (folder / "trial-gamma.yaml").read_text(encoding="utf-8")
    delta = re.sub(r"\b10\.3\.", "10.4.", gamma.replace("gamma", "delta")).replace("10.63.", "10.64.")
    (folder / f"{ADDED}.yaml").write_text(delta, encoding="utf-8")
    return load_fleet(folder)


@cache
def _facts(name: str) -> Facts:
    return stack_facts(synthesize(fleet().region(name)))


def changes(name: str, larger: Fleet) -> list[Change]:
    """What the fourth region changes in the stack of another."""
    before: Mapping[str, Facts] = {name: _facts(name)}
    return between(before, {name: stack_facts(synthesize(larger.region(name), among=larger))})


ENDPOINT = (
    f"value thanos-global: query.extraArgs[--endpoint.sd-config].endpoints[query.{ADDED}.metrics.trial.internal:10901]"
)
CLOSED = '{"port": 9443, "protocol": "TCP"} added: true'
EXACTLY = [
    f'policy NetworkPolicy/monitoring/prometheus: egress to {{"ipBlock": {{"cidr": "10.4.8.5/32"}}}} {CLOSED}',
    f'policy NetworkPolicy/monitoring/prometheus: egress to {{"ipBlock": {{"cidr": "10.4.8.6/32"}}}} {CLOSED}',
    'policy NetworkPolicy/monitoring/thanos-global-query: egress to {"ipBlock": {"cidr": "10.4.8.4/32"}} '
    '{"port": 10901, "protocol": "TCP"} added: true',
    f"scrape job federate: static_configs[0].targets[prometheus-0.{ADDED}.metrics.trial.internal:9443] added",
    f"scrape job federate: static_configs[0].targets[prometheus-1.{ADDED}.metrics.trial.internal:9443] added",
]


def test_the_global_regions_stack_gets_targets_an_endpoint_and_the_ways_to_them_and_nothing_else(
    larger: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    found = [sentence(change) for change in changes("trial-alpha", larger)]
    with capsys.disabled():
        print(f"\n{ADDED} changes trial-alpha by:", *found, sep="\n  ")  # noqa: T201
    endpoints = [one for one in found if one.startswith(ENDPOINT)]
    assert f"{ENDPOINT}.address added: query.{ADDED}.metrics.trial.internal:10901" in endpoints
    assert [one for one in found if one not in endpoints] == EXACTLY


@pytest.mark.parametrize("name", ["trial-beta", "trial-gamma"])
def test_a_region_without_the_global_view_does_not_change(name: str, larger: Fleet) -> None:
    assert changes(name, larger) == []


def test_what_exists_once_does_not_change(larger: Fleet) -> None:
    assert fleet_stack(larger.regions) == fleet_stack(fleet().regions)


def test_the_new_stack_brings_its_own_load_balancers_records_and_certificate(larger: Fleet) -> None:
    facts = stack_facts(synthesize(larger.region(ADDED), among=larger))
    found = {str(value) for place, value in facts.items() if "private_dns_a_record" in place.subject}
    assert {f"prometheus-0.{ADDED}", f"prometheus-1.{ADDED}", f"query.{ADDED}"} <= found
    names = {str(value) for place, value in facts.items() if "prometheus-tls" in place.subject}
    assert f"prometheus.{ADDED}" in names
