"""The workflows of GitHub: by actionlint, and by zizmor in `make check`; each with a fault that it finds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from monitoring.blueprint.values.charts import ROOT
from tests.stack.processes import tool

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ZIZMOR = Path(sys.executable).with_name("zizmor")


def _run(*line: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(part) for part in line], capture_output=True, text=True, check=False)


@pytest.mark.rules
@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda file: file.stem)
def test_actionlint_finds_nothing(workflow: Path) -> None:
    done = _run(tool("actionlint"), workflow)
    assert not done.returncode, done.stdout


@pytest.mark.rules
def test_actionlint_finds_a_job_that_is_not_there(tmp_path: Path) -> None:
    text = (ROOT / ".github" / "workflows" / "plan.yml").read_text(encoding="utf-8")
    broken = tmp_path / "plan.yml"
    broken.write_text(text.replace("needs: review", "needs: reviewed"), encoding="utf-8")
    assert 'needs job "reviewed" which does not exist' in _run(tool("actionlint"), broken).stdout


def test_zizmor_finds_a_text_of_others_in_a_shell(tmp_path: Path) -> None:
    text = (ROOT / ".github" / "workflows" / "plan.yml").read_text(encoding="utf-8")
    broken = tmp_path / "plan.yml"
    broken.write_text(text.replace("run: make synth", "run: echo ${{ github.event.pull_request.title }}"))
    done = _run(ZIZMOR, "--offline", "--no-progress", broken)
    assert done.returncode
    assert "template-injection" in done.stdout


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda file: file.stem)
def test_every_job_ends_in_time_and_may_do_only_what_it_says(workflow: Path) -> None:
    text = workflow.read_text(encoding="utf-8")
    jobs = text.count("runs-on:")
    assert text.count("timeout-minutes:") == jobs
    assert "permissions:" in text.partition("jobs:")[0]
    assert "concurrency:" in text
