"""Plan and apply by the real Terraform, with a resource of its own that needs no provider: `make test-terraform`."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from monitoring.blueprint.values.charts import ROOT

pytestmark = pytest.mark.terraform


@pytest.fixture(autouse=True)
def _terraform() -> None:
    if not shutil.which("terraform"):
        pytest.fail("terraform is not on PATH: these tests need it (make test-terraform)")


def synthesized(outdir: Path, name: str, *, said: str = "one") -> Path:
    """The stack `name` as if synthesized anew: one resource that keeps what is `said`, and a local state."""
    body: dict[str, Any] = {
        "terraform": {"backend": {"local": {"path": "terraform.tfstate"}}},
        "variable": {"secret": {"default": "hidden-value", "sensitive": True}},
        "resource": {"terraform_data": {"kept": {"input": said}, "hidden": {"input": "${var.secret}"}}},
    }
    folder = outdir / "stacks" / name
    (folder / "assets").mkdir(parents=True, exist_ok=True)
    (folder / "assets" / "values.yaml").write_text("replicas: 2\n")
    (folder / "cdk.tf.json").write_text(json.dumps(body))
    return folder


def monitoring(command: str, stack: str, outdir: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "monitoring", command, stack, "--outdir", str(outdir)],
        cwd=ROOT,
        env={**os.environ, "CHECKPOINT_DISABLE": "1", "TF_CLI_ARGS": "-no-color"},
        capture_output=True,
        text=True,
        check=False,
    )


def planned(outdir: Path, name: str = "trial", **given: str) -> Path:
    folder = synthesized(outdir, name, **given)
    done = monitoring("plan", name, outdir)
    assert done.returncode == 0, done.stderr
    return folder


def kept(folder: Path) -> object:
    """What the stack's state says that the resource keeps; None without a state."""
    state = folder / "terraform.tfstate"
    if not state.is_file():
        return None
    resources = {resource["name"]: resource for resource in json.loads(state.read_text())["resources"]}
    return resources["kept"]["instances"][0]["attributes"]["output"]["value"]


def test_a_plan_is_shown_and_kept_for_its_owner_alone(tmp_path: Path) -> None:
    folder = synthesized(tmp_path, "trial")
    done = monitoring("plan", "trial", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "terraform_data.kept will be created" in done.stdout
    assert done.stdout.endswith("kept: make deploy STACK=trial applies exactly this\n")
    assert stat.S_IMODE((folder / "plan.tfplan").stat().st_mode) == 0o600
    assert kept(folder) is None


def test_what_may_be_shown_of_a_plan_holds_nothing_sensitive(tmp_path: Path) -> None:
    text = (planned(tmp_path) / "plan.json").read_text()
    addresses = {row["address"] for row in json.loads(text)["resource_changes"]}
    assert addresses == {"terraform_data.kept", "terraform_data.hidden"}
    assert "hidden-value" not in text


def test_exactly_the_kept_plan_is_applied_and_once(tmp_path: Path) -> None:
    folder = planned(tmp_path)
    done = monitoring("deploy", "trial", tmp_path)
    assert done.returncode == 0, done.stderr
    assert kept(folder) == "one"
    assert not list(folder.glob("plan.*"))
    again = monitoring("deploy", "trial", tmp_path)
    assert again.returncode == 1
    assert again.stderr == "trial/plan.tfplan: must have been made and read before (make plan STACK=trial), got none\n"


def test_a_plan_says_whether_anything_changes(tmp_path: Path) -> None:
    folder = planned(tmp_path)
    assert json.loads((folder / "plan.record.json").read_text())["changes"] is True
    monitoring("deploy", "trial", tmp_path)
    done = monitoring("plan", "trial", tmp_path)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "nothing changes")
    assert json.loads((folder / "plan.record.json").read_text())["changes"] is False


def test_a_plan_whose_stack_is_synthesized_otherwise_since_is_stale(tmp_path: Path) -> None:
    folder = planned(tmp_path)
    synthesized(tmp_path, "trial", said="two")
    done = monitoring("deploy", "trial", tmp_path)
    assert done.returncode == 1
    assert "trial/plan.tfplan: must be of what is synthesized now" in done.stderr
    assert kept(folder) is None


def test_a_plan_whose_state_has_changed_since_is_stale(tmp_path: Path) -> None:
    folder = planned(tmp_path)
    subprocess.run(["terraform", "apply", "-auto-approve", "-no-color"], cwd=folder, check=True, capture_output=True)  # noqa: S607
    serial = json.loads((folder / "terraform.tfstate").read_text())["serial"]
    done = monitoring("deploy", "trial", tmp_path)
    assert done.returncode == 1
    assert "Saved plan is stale" in done.stderr
    assert json.loads((folder / "terraform.tfstate").read_text())["serial"] == serial


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (("plan.tfplan", "plan.record.json"), "must be a plan of trial (make plan STACK=trial), got one of other"),
        (("plan.tfplan",), "must be the plan that plan.record.json tells of (make plan STACK=trial), got another"),
    ],
)
def test_a_plan_of_another_stack_is_foreign(files: tuple[str, ...], message: str, tmp_path: Path) -> None:
    folder, other = planned(tmp_path), planned(tmp_path, "other", said="three")
    for file in files:
        shutil.copyfile(other / file, folder / file)
    done = monitoring("deploy", "trial", tmp_path)
    assert (done.returncode, done.stderr) == (1, f"trial/plan.tfplan: {message}\n")
    assert (kept(folder), kept(other)) == (None, None)


def test_a_plan_that_fails_leaves_no_older_one(tmp_path: Path) -> None:
    folder = planned(tmp_path)
    (folder / "cdk.tf.json").write_text(
        (folder / "cdk.tf.json").read_text().replace("terraform_data", "terraform_date")
    )
    done = monitoring("plan", "trial", tmp_path)
    assert done.returncode == 1
    assert not list(folder.glob("plan.*"))
