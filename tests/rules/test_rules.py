"""Rules by the real promtool: the very files that are deployed, and tests in its own form (tests/rules/*.yaml)."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from monitoring.blueprint.rules.loader import rules
from monitoring.blueprint.values.charts import ROOT
from monitoring.fleet import Fleet
from tests.own_input import fail_with
from tests.rules.cases import CASES, comments, read
from tests.rules.promtool import problems, promtool, write

pytestmark = pytest.mark.rules

HERE = Path(__file__).parent
TESTS = sorted(HERE.glob("*.yaml"))


@pytest.fixture
def deployed(fleet: Fleet, tmp_path: Path) -> Path:
    """A folder with the rules as a region is given them, links and all, and the tests beside them."""
    write(rules().delivered(runbook_base=fleet.regions[0].runbooks, global_view=True), tmp_path)
    return tmp_path


def test_every_expression_and_template_is_right() -> None:
    fail_with(problems(rules(), root=ROOT))


def factors(expr: str) -> list[tuple[int, str]]:
    """The sums of recorded rates that an expression turns into numbers of events: what by, and which."""
    return [(int(factor), name) for factor, name in re.findall(r"(\d+) \* sum_over_time\(([\w:]+)\[", expr)]


def test_a_sum_of_rates_times_the_seconds_from_one_to_the_next_is_a_number_of_events() -> None:
    groups = [group for file in rules().files for group in file.data["groups"]]
    interval = {rule.get("record"): group.get("interval") for group in groups for rule in group["rules"]}
    found = [one for group in groups for rule in group["rules"] for one in factors(rule["expr"])]
    assert {name for _, name in found} == {"job:http_request_errors:rate5m", "job:http_requests_over_500ms:rate5m"}
    assert [one for one in found if interval[one[1]] != f"{one[0]}s"] == []
    assert factors("a\n  and\n60 * sum_over_time(job:a:rate5m[1h]) > 10") == [(60, "job:a:rate5m")]


@pytest.mark.parametrize("case", [case for case in CASES if comments(case, "promtool")], ids=lambda case: case.stem)
def test_invalid_expression_is_reported_with_its_line(case: Path, tmp_path: Path) -> None:
    found = [str(problem) for problem in problems(read(case, tmp_path), root=tmp_path)]
    assert found == comments(case, "promtool")


def test_promtool_accepts_the_deployed_rule_files(deployed: Path) -> None:
    done = promtool("check", "rules", "--lint=all", "--lint-fatal", *map(str, deployed.iterdir()))
    if done.returncode:
        fail_with(text for text in re.split(r"(?m)^Checking ", done.stdout) if "SUCCESS" not in text and text.strip())


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.stem)
def test_promtool_rule_tests_pass(file: Path, deployed: Path) -> None:
    for beside in (HERE / "drafts").iterdir():
        shutil.copy(beside, deployed)
    shutil.copy(file, deployed / "test.yaml")
    done = promtool("test", "rules", "test.yaml", cwd=deployed)
    if done.returncode:
        fail_with([f"{file.relative_to(ROOT)}: {done.stdout.strip()}"])
