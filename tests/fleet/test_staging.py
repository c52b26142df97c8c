"""The example of a staging region, switched on beside production: checked, deployed first, and seen by nobody."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from monitoring.__main__ import main
from monitoring.blueprint.capacity.needs import check_capacity
from monitoring.blueprint.network.checks import check_flows
from monitoring.blueprint.releases import checked_releases
from monitoring.blueprint.values.charts import ROOT
from monitoring.fleet import Fleet, load_fleet
from tests.constructs.synthesized import fleet_stack, synthesize

STAGING = "staging-swedencentral"
EXAMPLES = ROOT / "regions" / "examples"


def _folder(factory: pytest.TempPathFactory, name: str) -> Path:
    made = factory.mktemp(name) / "regions"
    shutil.copytree(ROOT / "regions", made)
    (made / f"{STAGING}.yaml").unlink(missing_ok=True)  # this repository may have it switched on
    return made


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    return load_fleet(_folder(tmp_path_factory, "production"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Production's files, with the example beside them as docs/regions.md says."""
    made = _folder(tmp_path_factory, "staging")
    shutil.copy(EXAMPLES / f"{STAGING}.yaml", made)
    return made


@pytest.fixture(scope="module")
def larger(folder: Path) -> Fleet:
    return load_fleet(folder)


def test_an_example_is_no_region_until_it_is_copied(production: Fleet, larger: Fleet) -> None:
    assert (EXAMPLES / f"{STAGING}.yaml").is_file()
    names = [region.name for region in production.regions]
    assert STAGING not in names
    assert [region.name for region in larger.regions] == sorted([*names, STAGING])


def test_staging_passes_what_synthesis_checks(larger: Fleet) -> None:
    check_flows(larger)
    check_capacity(larger, checked_releases(larger))


def test_staging_is_deployed_before_the_canary(folder: Path) -> None:
    done = CliRunner().invoke(main, ["regions", "--json", "--regions", str(folder)])
    assert json.loads(done.stdout)[:3] == [STAGING, "prod-westus", "prod-eastus"]


def test_no_global_view_mixes_environments(larger: Fleet) -> None:
    assert larger.peers_of(larger.region(STAGING)) == ()
    assert {peer.name for peer in larger.peers_of(larger.region("prod-eastus"))} >= {"prod-northeurope", "prod-westus"}
    assert STAGING not in {peer.name for region in larger.regions for peer in larger.peers_of(region)}


def test_stacks_of_production_stay_as_they_are(production: Fleet, larger: Fleet) -> None:
    for one in production.regions:
        assert synthesize(larger.region(one.name), among=larger) == synthesize(one, among=production)


def test_the_stack_of_what_exists_once_loses_the_tag_that_differs_alone(production: Fleet, larger: Fleet) -> None:
    before, after = (json.dumps(fleet_stack(one.regions), sort_keys=True) for one in (production, larger))
    assert before.replace('"environment": "production", ', "") == after
    assert before != after


def test_the_stack_of_staging_names_its_environment_and_wakes_nobody(larger: Fleet) -> None:
    stack = synthesize(larger.region(STAGING), among=larger)
    assert {one["tags"]["environment"] for one in stack["resource"]["azurerm_managed_disk"].values()} == {"staging"}
    assert "alertmanager-pagerduty-routing-key" not in json.dumps(stack)
    assert "prod-eastus" not in json.dumps(stack["resource"])
