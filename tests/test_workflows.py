"""The workflows of GitHub: by actionlint, and by zizmor in `make check`; each with a fault that it finds."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitoring.blueprint.values.charts import ROOT
from monitoring.prerequisites.github import NEW_PAIR
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
    """As `monitoring prerequisites` makes it; the key lies beside it."""
    assert not _run(*NEW_PAIR.split(), cwd=folder).returncode
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


APPLY = yaml.safe_load((ROOT / ".github" / "workflows" / "apply.yml").read_text(encoding="utf-8"))


def _files_read(folder: Path) -> set[str]:
    """What a synthesis opens of this repository, as paths from its root."""
    hook = (
        "import runpy, sys\n"
        "read = open(sys.argv[1], 'a')\n"
        "sys.addaudithook(lambda event, args: event == 'open' and print(args[0], file=read))\n"
        "sys.argv = ['main.py']\n"
        "runpy.run_path('main.py', run_name='__main__')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", hook, str(folder / "read")],
        cwd=ROOT,
        env={**os.environ, "CDKTF_OUTDIR": str(folder / "out")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    paths = {(ROOT / line).resolve() for line in (folder / "read").read_text().splitlines()}
    return {path.relative_to(ROOT).as_posix() for path in paths if path.is_relative_to(ROOT)}


def _ignored(file: str, patterns: list[str]) -> bool:
    """GitHub's patterns, as far as they are used here: a folder with all below it, or a suffix at the root."""
    regexes = ("^" + re.escape(one).replace(r"\*\*", ".*").replace(r"\*", "[^/]*") + "$" for one in patterns)
    return any(re.match(regex, file) for regex in regexes)


def test_what_is_not_deployed_is_read_by_no_synthesis(tmp_path: Path) -> None:
    trigger: Any = APPLY[True]  # YAML 1.1 reads `on` so
    patterns = trigger["push"]["paths-ignore"]
    files = _files_read(tmp_path)
    assert {"regions/prod-westus.yaml", "helm-values/versions.yaml", "main.py"} <= files
    assert {file for file in files if _ignored(file, patterns)} == set()
    assert _ignored("docs/alerts.md", patterns)
    assert _ignored("helm-values/versions.yaml", [*patterns, "helm-values/**"])


def _uploaded(workflow: Path) -> set[str]:
    """Last parts of all paths that the workflow uploads."""
    jobs = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"].values()
    steps = [step for job in jobs for step in job["steps"] if "actions/upload-artifact@" in step.get("uses", "")]
    return {path.rpartition("/")[2] for step in steps for path in step["with"]["path"].splitlines()}


def test_no_plan_is_uploaded_but_sealed_or_without_what_is_sensitive() -> None:
    assert {file.stem: uploaded for file in WORKFLOWS if (uploaded := _uploaded(file))} == {
        "apply": {"plan.json", "plan.record.json", "plan.sealed"},
        "plan": {"plan.json", "comment.md"},
        "drift": {"plan.json"},
    }


def test_only_a_reviewed_plan_is_applied_and_nobody_is_asked_where_nothing_changes() -> None:
    jobs = APPLY["jobs"]
    assert jobs["review"]["needs"] == ["stacks", "plan"]
    assert (jobs["apply"]["needs"], jobs["apply"]["if"]) == ("review", "needs.review.outputs.changed != '[]'")
    assert [name for name, job in jobs.items() if str(job.get("environment")).startswith("apply-")] == ["apply"]
    assert jobs["apply"]["strategy"] == {
        "max-parallel": 1,
        "fail-fast": True,
        "matrix": {"stack": "${{ fromJSON(needs.review.outputs.changed) }}"},
    }
    commands = [step["run"] for step in jobs["apply"]["steps"] if "run" in step]
    assert commands == ["make unseal deploy", "make verify-cluster"]


def _changed(folder: Path, stacks: list[str], **changes: bool) -> subprocess.CompletedProcess[str]:
    for name, changed in changes.items():
        record = folder / f"plan-{name}" / "plan.record.json"
        record.parent.mkdir()
        record.write_text(json.dumps({"stack": name, "plan": "a", "given": "b", "changes": changed}))
    return _run(ROOT / ".ci" / "changed-stacks", json.dumps(stacks), folder)


@pytest.mark.rules
def test_stacks_that_change_keep_their_order(tmp_path: Path) -> None:
    if not shutil.which("jq"):
        pytest.fail("jq is not on PATH; GitHub's runners have it (Debian, Ubuntu: the package jq)")
    done = _changed(tmp_path, ["fleet", "west", "east", "north"], north=True, west=True, east=False, fleet=False)
    assert json.loads(done.stdout) == ["west", "north"]


@pytest.mark.rules
def test_nothing_to_change_is_an_empty_list(tmp_path: Path) -> None:
    assert _changed(tmp_path, ["fleet"], fleet=False).stdout == "[]\n"


@pytest.mark.rules
def test_a_stack_without_a_plan_stops_all(tmp_path: Path) -> None:
    done = _changed(tmp_path, ["fleet", "west"], fleet=True)
    assert done.returncode
    assert (done.stdout, done.stderr) == ("", "west has no plan\n")
