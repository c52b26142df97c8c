"""The program as a person runs it: folders of regions in, Terraform JSON out."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from monitoring.fleet import load_fleet
from monitoring.fleet.azure_calls import calls_note
from tests.own_input import fail_with, refuse_bad_input

ROOT = Path(__file__).parents[1]
REGIONS = ROOT / "tests" / "fleet" / "regions"


def run(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """`main.py` for `<folder>/regions`, into `<folder>/cdktf.out`, from a folder that is not the repository."""
    return subprocess.run(
        [sys.executable, str(ROOT / "main.py")],
        cwd=folder,
        env={**os.environ, "OVERSIGHT_REGIONS": str(folder / "regions"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def stacks(folder: Path) -> dict[str, dict[str, bytes]]:
    """The JSON of each stack, and the values beside it."""
    return {
        stack.name: {file.name: file.read_bytes() for file in (*stack.glob("cdk.tf.json"), *stack.glob("values/*"))}
        for stack in folder.glob("cdktf.out/stacks/*")
    }


@dataclass(frozen=True)
class Once:
    """The fixture regions, synthesized: tests read it, or work on a copy."""

    folder: Path
    done: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    folder = tmp_path_factory.mktemp("once")
    shutil.copytree(REGIONS, folder / "regions")
    return Once(folder=folder, done=run(folder))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The fixture regions, never synthesized."""
    shutil.copytree(REGIONS, tmp_path / "regions")
    return tmp_path


@pytest.fixture
def again(once: Once, tmp_path: Path) -> Path:
    """The fixture regions, synthesized before."""
    return shutil.copytree(once.folder, tmp_path / "again")


def add_region(folder: Path) -> None:
    """A region more: a copy of one with all that must be unique changed."""
    text = (folder / "regions" / "trial-beta.yaml").read_text()
    (folder / "regions" / "trial-delta.yaml").write_text(text.replace("beta", "delta").replace("10.2.", "10.4."))


def test_a_region_file_is_a_stack_and_the_fleet_has_one_more(once: Once) -> None:
    assert (once.done.returncode, once.done.stderr) == (0, "")
    assert stacks(once.folder).keys() == {"fleet", "trial-alpha", "trial-beta", "trial-gamma"}
    manifest = json.loads((once.folder / "cdktf.out" / "manifest.json").read_text())
    assert manifest["stacks"].keys() == stacks(once.folder).keys()


@pytest.mark.parametrize(
    "name", ["fleet", "trial-alpha", "trial-beta", "trial-gamma", "kube-prometheus-stack", "thanos", "oauth2-proxy"]
)
def test_the_table_names_every_stack_and_chart(once: Once, name: str) -> None:
    assert name in once.done.stdout


def test_the_summary_says_how_often_azure_is_asked_beside_its_limit(once: Once) -> None:
    assert f"{calls_note(load_fleet(REGIONS).regions)}\n" in once.done.stdout


def test_calls_above_azures_limit_are_no_synthesis(folder: Path) -> None:
    with (folder / "regions" / "trial-gamma.yaml").open("r+") as file:
        text = file.read().replace("azure_vms: {", "azure_vms: {refresh: 10s, expected_machines: 500, ")
        file.seek(0)
        file.write(text)
    done = run(folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.match(r"regions/trial-gamma\.yaml:\d+: azure_vms\.refresh ", done.stderr), done.stderr
    assert not (folder / "cdktf.out").exists()


def test_one_more_file_is_one_more_stack_and_changes_the_global_view_alone(once: Once, again: Path) -> None:
    add_region(again)
    run(again)
    before, after = stacks(once.folder), stacks(again)
    assert after.keys() - before.keys() == {"trial-delta"}
    assert {name for name in before if after[name] != before[name]} == {"trial-alpha"}


def test_a_removed_file_takes_its_stack_along(again: Path) -> None:
    (again / "regions" / "trial-gamma.yaml").unlink()
    run(again)
    assert stacks(again).keys() == {"fleet", "trial-alpha", "trial-beta"}


def test_bad_input_is_told_without_a_traceback_and_leaves_the_last_synthesis_alone(once: Once, again: Path) -> None:
    with (again / "regions" / "trial-alpha.yaml").open("a") as file:
        file.write("colour: blue\n")
    done = run(again)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("regions/trial-alpha.yaml:")
    assert "Traceback" not in done.stderr
    assert stacks(again) == stacks(once.folder)


def test_bad_input_stops_the_tests_before_the_first_with_all_that_is_wrong(folder: Path) -> None:
    refuse_bad_input(folder / "regions")
    with (folder / "regions" / "trial-alpha.yaml").open("a") as file:
        file.write("alerting: {routes: {critical: {receiver: nobody-at-all}}}\nhelm_values: {thanos: {recieve: {}}}\n")
    with pytest.raises(pytest.UsageError, match=r"regions/trial-alpha\.yaml:\d+: alerting\.routes\.critical\.receiver"):
        refuse_bad_input(folder / "regions")


def test_problems_fail_a_test_in_full_each_on_its_line() -> None:
    fail_with([])
    with pytest.raises(pytest.fail.Exception, match=r"^a\.yaml:1: wrong\nb\.yaml:2: wrong$"):
        fail_with(["a.yaml:1: wrong", "b.yaml:2: wrong"])


def test_bad_values_are_told_like_bad_regions(folder: Path) -> None:
    with (folder / "regions" / "trial-beta.yaml").open("a") as file:
        file.write("helm_values: {thanos: {receive: {replicas: 2}}}\n")
    done = run(folder)
    assert done.returncode == 1
    assert done.stderr.startswith("regions/trial-beta.yaml:")
    assert "helm_values.thanos.receive.replicas" in done.stderr
    assert not (folder / "cdktf.out").exists()


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert (done.returncode, done.stderr) == (1, "regions/_common.yaml: must exist, got no such file\n")


def test_the_cdktf_command_line_may_say_where_to(folder: Path) -> None:
    run(folder, CDKTF_OUTDIR=str(folder / "elsewhere"))
    assert (folder / "elsewhere" / "stacks" / "fleet" / "cdk.tf.json").exists()
    assert not (folder / "cdktf.out").exists()


def test_the_state_can_stay_on_this_machine_without_naming_it(folder: Path) -> None:
    run(folder, OVERSIGHT_STATE="local")
    assert len(stacks(folder)) == 4
    for text in (files["cdk.tf.json"] for files in stacks(folder).values()):
        assert json.loads(text)["terraform"]["backend"] == {"local": {"path": "terraform.tfstate"}}
        assert str(folder).encode() not in text
        assert str(ROOT).encode() not in text


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"OVERSIGHT_STATE": "locl"}, "OVERSIGHT_STATE: must be local or not set, got 'locl'\n"),
        (
            {"CDKTF_OUTDIR": "/dev/null/out"},
            "CDKTF_OUTDIR: must be a folder that can be made, got '/dev/null/out': Not a directory\n",
        ),
    ],
    ids=["state", "folder"],
)
def test_a_variable_that_cannot_be_meant_is_told(folder: Path, environment: dict[str, str], message: str) -> None:
    done = run(folder, **environment)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", message)
    assert not (folder / "cdktf.out").exists()


def test_arguments_are_told_since_there_are_none(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), "prod-eastus"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "main.py: must have no argument, got 'prod-eastus'\n"


def test_a_region_put_aside_is_told_in_the_summary(folder: Path) -> None:
    shutil.copy(folder / "regions" / "trial-beta.yaml", folder / "regions" / ".trial-delta.yaml")
    done = run(folder)
    assert done.returncode == 0
    assert "warning: regions/.trial-delta.yaml: is not read: its name begins with a dot\n" in done.stdout
