"""From a bare checkout: what is missing is named, what is downloaded is pinned."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]

FAKE_PYTHON = """\
#!/bin/sh
case "$*" in
  --version) echo "Python {version}" ;;
  *version_info*) exit {too_old} ;;
  *ensurepip*) echo "Traceback (most recent call last):" >&2; exit {without_venv} ;;
  *) echo "unexpected: $*"; exit 99 ;;
esac
"""


def make(*goals: str, checkout: Path, commands: dict[str, str], others: str = "") -> subprocess.CompletedProcess[str]:
    """Run make where PATH has these commands, each given by its script, and `others` (folders) behind them."""
    program = shutil.which("make")
    assert program, "make is needed"
    for name in ("Makefile", "Pipfile.lock", "engines/cdktn/Pipfile.lock"):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, checkout / name)
    path = checkout / "bin"
    path.mkdir()
    for name, script in commands.items():
        (path / name).write_text(script)
        (path / name).chmod(0o755)
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "ENGINE"))}
    return subprocess.run(
        [program, *goals],
        cwd=checkout,
        env={**environment, "PATH": f"{path}:{others}"},
        capture_output=True,
        text=True,
        check=False,
    )


def fake_python(*, version: str = "3.11.0", too_old: int = 0, without_venv: int = 0) -> str:
    return FAKE_PYTHON.format(version=version, too_old=too_old, without_venv=without_venv)


@pytest.mark.parametrize(
    ("commands", "message"),
    [
        ({"python3": fake_python()}, "git is not on PATH"),
        ({"git": ""}, "python3 is not on PATH; name a Python >= 3.11: make PYTHON=..."),
        (
            {"git": "", "python3": fake_python(version="3.8.10", too_old=1)},
            "Python must be >= 3.11, got Python 3.8.10; name another: make PYTHON=...",
        ),
        (
            {"git": "", "python3": fake_python(without_venv=1)},
            "python3 lacks venv or ensurepip; install them (Debian, Ubuntu: the package python3-venv)",
        ),
    ],
)
def test_missing_system_tools_are_named(tmp_path: Path, commands: dict[str, str], message: str) -> None:
    done = make("synth", checkout=tmp_path, commands=commands)
    assert done.returncode != 0
    assert done.stderr.splitlines()[0] == f"make: {message}"
    assert "Traceback" not in done.stderr
    assert not (tmp_path / ".pipenv").exists()


@pytest.mark.parametrize(
    ("terraform", "stack", "message"),
    [
        (None, "*", "terraform is not on PATH"),
        ("#!/bin/sh\nexit 0", "prod", "no such stack: cdktf.out/stacks/prod/"),
        ("#!/bin/sh\n[ $2 != init ]", "*", "the providers of cdktf.out/stacks/a/ cannot be had"),
    ],
)
def test_missing_validate_tools_are_named(tmp_path: Path, terraform: str | None, stack: str, message: str) -> None:
    (tmp_path / "cdktf.out" / "stacks" / "a").mkdir(parents=True)
    commands = {} if terraform is None else {"terraform": terraform}
    others = "" if terraform is None else os.environ["PATH"]
    done = make("--assume-old=synth", "validate", f"STACK={stack}", checkout=tmp_path, commands=commands, others=others)
    assert done.returncode != 0
    assert done.stderr.splitlines()[0] == f"make validate: {message}"


@pytest.mark.parametrize(("invalid", "code"), [("none", 0), ("a", 2), ("b", 2)])
def test_validate_fails_with_any_stack_that_is_invalid(tmp_path: Path, invalid: str, code: int) -> None:
    for stack in "ab":
        (tmp_path / "cdktf.out" / "stacks" / stack).mkdir(parents=True)
    terraform = f'#!/bin/sh\n[ "$*" != "-chdir=cdktf.out/stacks/{invalid}/ validate" ]'
    others = os.environ["PATH"]
    done = make("--assume-old=synth", "validate", checkout=tmp_path, commands={"terraform": terraform}, others=others)
    assert done.returncode == code


@pytest.mark.parametrize(("engine", "folder"), [(None, ""), ("cdktf", ""), ("cdktn", "engines/cdktn/")])
def test_each_engine_has_an_environment_of_its_own_lock(tmp_path: Path, engine: str | None, folder: str) -> None:
    goals = ["--dry-run", "synth", *([f"ENGINE={engine}"] if engine else [])]
    done = make(*goals, checkout=tmp_path, commands={}, others=os.environ["PATH"])
    assert done.returncode == 0, done.stderr
    install, touch, synthesize = done.stdout.splitlines()[-3:]
    assert f"PIPENV_PIPFILE={folder or './'}Pipfile " in install
    assert touch == f"touch {folder}.venv/.synced"
    assert synthesize == f"{folder}.venv/bin/python main.py"


def test_an_engine_that_does_not_exist_is_named(tmp_path: Path) -> None:
    done = make("synth", "ENGINE=cdk", checkout=tmp_path, commands={})
    assert done.returncode != 0
    assert done.stderr.endswith("ENGINE must be one of cdktf cdktn, got cdk.  Stop.\n")


ROOT_USER = "#!/bin/sh\necho 0"
APT = '#!/bin/sh\necho "$@" >>apt-get.log'
ENV = '#!/bin/sh\nshift; "$@"'
BROWSER = {"google-chrome": "", "chromedriver": "", "certutil": ""}


@pytest.mark.parametrize(
    ("there", "installed"),
    [
        ({}, "chromium chromium-driver libnss3-tools"),
        ({"google-chrome": "", "chromedriver": ""}, "libnss3-tools"),
        ({"chromium": "", "certutil": ""}, "chromium-driver"),
    ],
    ids=["nothing", "no certutil", "no driver"],
)
def test_missing_browser_libraries_are_installed(tmp_path: Path, there: dict[str, str], installed: str) -> None:
    commands = {"id": ROOT_USER, "apt-get": APT, "env": ENV, **there}
    done = make("browser", checkout=tmp_path, commands=commands)
    assert done.returncode == 0, done.stderr
    update, install = (tmp_path / "apt-get.log").read_text().splitlines()
    assert update == "update -qq"
    assert install == f"install -qq -y --no-install-recommends {installed}"


def test_a_machine_with_a_browser_is_left_as_it_is(tmp_path: Path) -> None:
    done = make("browser", checkout=tmp_path, commands={"apt-get": APT, **BROWSER})
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "apt-get.log").exists()


@pytest.mark.parametrize("commands", [{"id": ROOT_USER}, {"id": "#!/bin/sh\necho 1000"}], ids=["no apt-get", "no root"])
def test_uninstallable_packages_are_named(tmp_path: Path, commands: dict[str, str]) -> None:
    done = make("browser", checkout=tmp_path, commands=commands)
    assert done.returncode != 0
    wanted = "make browser: cannot install; as root: apt-get install chromium chromium-driver libnss3-tools"
    assert wanted in done.stderr.splitlines()


def test_ci_runs_without_input() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "make check test test-rules browser memcached test-stack </dev/null" in script.read_text()


def unpinned(workflow: str) -> list[str]:
    """Actions that are not pinned to a commit."""
    return [
        step["uses"]
        for job in yaml.safe_load(workflow)["jobs"].values()
        for step in job["steps"]
        if "uses" in step and not re.search(r"@[0-9a-f]{40}$", step["uses"])
    ]


def test_actions_are_pinned_to_commits() -> None:
    workflows = list((ROOT / ".github" / "workflows").glob("*.yml"))
    assert workflows
    assert [action for workflow in workflows for action in unpinned(workflow.read_text())] == []


def test_an_action_pinned_to_a_tag_is_found() -> None:
    assert unpinned("jobs: {a: {steps: [{run: x}, {uses: b/c@v4}]}}") == ["b/c@v4"]


@pytest.mark.parametrize("folder", [".", "oversight_metrics/node"])
def test_npm_packages_are_pinned_by_content_and_name_no_registry(folder: str) -> None:
    packages = json.loads((ROOT / folder / "package-lock.json").read_text())["packages"]
    installed = [package for path, package in packages.items() if path]
    assert installed
    assert not [package for package in installed if "resolved" in package]
    assert not [package for package in installed if "integrity" not in package and not package.get("inBundle")]


def test_the_command_line_is_of_the_library_s_version() -> None:
    command_line = json.loads((ROOT / "package.json").read_text())["devDependencies"]["cdktf-cli"]
    library = json.loads((ROOT / "Pipfile.lock").read_text())["default"]["cdktf"]["version"]
    assert library == f"=={command_line}"
