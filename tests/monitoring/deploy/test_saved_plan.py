"""The record beside a plan: what is part of its stack, and what is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitoring.blueprint.values.charts import ROOT
from monitoring.deploy.saved_plan import keep, refuse_other_plans
from monitoring.errors import InvalidInput


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    """A stack with a plan that was kept."""
    folder = tmp_path / "trial"
    (folder / "assets" / "objects").mkdir(parents=True)
    (folder / "cdk.tf.json").write_text("{}")
    (folder / "assets" / "objects" / "Chart.yaml").write_text("name: objects")
    (folder / "plan.tfplan").write_bytes(b"a plan")
    keep(folder, changes=True)
    return folder


def refusal(stack: Path) -> str:
    with pytest.raises(InvalidInput) as refused:
        refuse_other_plans(stack)
    return str(refused.value)


@pytest.mark.parametrize("file", ["cdk.tf.json", "assets/objects/Chart.yaml", "assets/new.yaml", "charts/one.tgz"])
def test_what_terraform_is_given_is_the_plans(file: str, stack: Path) -> None:
    (stack / file).parent.mkdir(exist_ok=True)
    (stack / file).write_text("changed")
    assert refusal(stack) == (
        "trial/plan.tfplan: must be of what is synthesized now (make plan STACK=trial), "
        "got a stale one: the stack has changed"
    )


def test_a_file_that_has_gone_makes_it_stale(stack: Path) -> None:
    (stack / "assets" / "objects" / "Chart.yaml").unlink()
    assert "got a stale one" in refusal(stack)


@pytest.mark.parametrize("file", [".terraform.lock.hcl", "terraform.tfstate", "terraform.tfstate.backup", "plan.json"])
def test_what_terraform_writes_is_not(file: str, stack: Path) -> None:
    (stack / file).write_text("changed")
    refuse_other_plans(stack)


@pytest.mark.parametrize("record", ["", "[]", '{"stack": "trial"}', "{"])
def test_a_record_that_is_none_is_refused(record: str, stack: Path) -> None:
    (stack / "plan.record.json").write_text(record)
    assert "trial/plan.tfplan: must have its record in plan.record.json" in refusal(stack)


@pytest.mark.parametrize("file", ["plan.tfplan", "plan.record.json"])
def test_half_of_a_plan_is_none(file: str, stack: Path) -> None:
    (stack / file).unlink()
    assert refusal(stack) == "trial/plan.tfplan: must have been made and read before (make plan STACK=trial), got none"


def test_a_plan_is_never_committed() -> None:
    assert "cdktf.out/" in (ROOT / ".gitignore").read_text().splitlines()
