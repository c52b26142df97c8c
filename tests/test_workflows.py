"""The workflows of GitHub: by actionlint, and by zizmor in `make check`; each with a fault that it finds."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from monitoring.blueprint.values.charts import ROOT
from tests.stack.processes import tool

MAKE = ("make", "-f", ROOT / "Makefile", "STACK=trial")
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ZIZMOR = Path(sys.executable).with_name("zizmor")


def _run(*line: str | Path, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **environment}
    return subprocess.run([str(part) for part in line], cwd=cwd, env=env, capture_output=True, text=True, check=False)


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


@pytest.fixture
def sealed(tmp_path: Path) -> tuple[Path, str]:
    """A stack's folder, whose plan was sealed and is gone; the key that opens it."""
    stack = tmp_path / "cdktf.out" / "stacks" / "trial"
    stack.mkdir(parents=True)
    (stack / "plan.tfplan").write_text("what is sensitive")
    (stack / "plan.record.json").write_text("its record")
    done = _run(*MAKE, "seal", cwd=tmp_path, PLAN_CERTIFICATE=_certificate(tmp_path))
    assert not done.returncode, done.stderr
    (stack / "plan.tfplan").unlink()
    (stack / "plan.record.json").unlink()
    assert [file.name for file in stack.iterdir()] == ["plan.sealed"]
    return stack, (tmp_path / "key.pem").read_text()


def _certificate(folder: Path) -> str:
    """As docs/prerequisites.md makes it; the key lies beside it."""
    line = "openssl req -x509 -newkey rsa:3072 -noenc -days 3650 -subj /CN=plans -keyout key.pem -out certificate.pem"
    assert line in (ROOT / "docs" / "prerequisites.md").read_text(encoding="utf-8")
    assert not _run(*line.split(), cwd=folder).returncode
    return (folder / "certificate.pem").read_text()


@pytest.mark.rules
def test_a_sealed_plan_comes_back_for_its_owner_alone(tmp_path: Path, sealed: tuple[Path, str]) -> None:
    stack, key = sealed
    assert b"what is sensitive" not in (stack / "plan.sealed").read_bytes()
    done = _run(*MAKE, "unseal", cwd=tmp_path, PLAN_KEY=key)
    assert not done.returncode, done.stderr
    assert (stack / "plan.tfplan").read_text() == "what is sensitive"
    assert (stack / "plan.record.json").read_text() == "its record"
    assert stat.S_IMODE((stack / "plan.tfplan").stat().st_mode) == 0o600


@pytest.mark.rules
def test_a_sealed_plan_that_was_touched_is_refused(tmp_path: Path, sealed: tuple[Path, str]) -> None:
    stack, key = sealed
    content = bytearray((stack / "plan.sealed").read_bytes())
    content[-100] ^= 1
    (stack / "plan.sealed").write_bytes(content)
    assert _run(*MAKE, "unseal", cwd=tmp_path, PLAN_KEY=key).returncode
    assert not (stack / "plan.tfplan").exists()


@pytest.mark.rules
def test_another_key_opens_no_plan(tmp_path: Path, sealed: tuple[Path, str]) -> None:
    stack, _ = sealed
    _certificate(tmp_path)
    assert _run(*MAKE, "unseal", cwd=tmp_path, PLAN_KEY=(tmp_path / "key.pem").read_text()).returncode
    assert not (stack / "plan.tfplan").exists()
