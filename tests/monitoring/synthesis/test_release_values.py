"""Values as files beside the stack's JSON: written, read again, and named by the JSON."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import cdktf
import pytest
import yaml
from cdktf_cdktf_provider_helm.provider import HelmProvider
from hypothesis import given
from hypothesis import strategies as st

from constructs.helm_releases import HelmReleases
from monitoring.blueprint.releases.release import Release
from monitoring.blueprint.values.charts import Chart
from monitoring.effective.stack_folder import read_stack, with_values
from monitoring.synthesis.release_values import values_files, write_values

CHART = Chart(name="trial", address="oci://example.test/charts", version="1.2.3", digest=None)
RELEASE = Release(name="trial", chart=CHART, namespace="monitoring", values={"replicas": 2}, timeout=60, atomic=False)
TEMPLATES = {"replacement": "${1}:9100", "template": "%{ if }", "twice": "$${x} %%{y}", "query": "{{ $labels.pod }}"}


def synthesized(folder: Path, *releases: Release) -> Path:
    """The folder of a stack of these releases."""
    app = cdktf.App(outdir=str(folder))
    stack = cdktf.TerraformStack(app, "trial")
    HelmProvider(stack, "helm")
    HelmReleases(stack, "releases", releases=releases, client_ids={}, depends_on=[])
    app.synth()
    write_values(values_files(folder / "stacks" / "trial", releases))
    return folder / "stacks" / "trial"


def values_of(stack: dict[str, Any]) -> list[Any]:
    return [yaml.safe_load(body["values"][0]) for body in stack["resource"]["helm_release"].values()]


def test_values_files_hold_what_the_release_says() -> None:
    values = {
        "deep": [{"snake_case_key": 1, "camelKey": None}],
        "text": "a: b\n# no comment\n",
        "yes": "yes",
        "on": True,
    }
    assert yaml.safe_load(replace(RELEASE, values=values).text) == values


def test_stack_that_is_read_holds_the_values_of_its_files(tmp_path: Path) -> None:
    folder = synthesized(tmp_path, replace(RELEASE, values=TEMPLATES), replace(RELEASE, name="other"))
    assert sorted(file.name for file in (folder / "values").iterdir()) == ["other.yaml", "trial.yaml"]
    assert values_of(read_stack(folder)) == [{"replicas": 2}, TEMPLATES]


def test_values_of_a_release_that_is_gone_are_removed(tmp_path: Path) -> None:
    synthesized(tmp_path, RELEASE, replace(RELEASE, name="gone"))
    folder = synthesized(tmp_path, RELEASE)
    assert [file.name for file in (folder / "values").iterdir()] == ["trial.yaml"]


def test_missing_values_file_is_an_error(tmp_path: Path) -> None:
    folder = synthesized(tmp_path, RELEASE)
    (folder / "values" / "trial.yaml").unlink()
    with pytest.raises(FileNotFoundError, match=re.escape("values/trial.yaml")):
        read_stack(folder)


@given(st.text(alphabet="${}%a1"))
def test_literal_values_of_an_older_tree_are_read_as_terraform_reads_them(text: str) -> None:
    literal = text.replace("${", "$${").replace("%{", "%%{")
    stack = with_values({"resource": {"helm_release": {"x": {"values": [literal]}}}}, lambda _: "")
    assert stack["resource"]["helm_release"]["x"]["values"] == [text]


@pytest.mark.terraform
def test_terraform_hands_on_the_file_as_it_is(tmp_path: Path) -> None:
    """By Terraform's own `file()`, in an output: no provider is needed."""
    write_values(values_files(tmp_path, [replace(RELEASE, values=TEMPLATES)]))
    (tmp_path / "main.tf.json").write_text(
        '{"output": {"values": {"value": "${file(\\"${path.module}/values/trial.yaml\\")}"}}}'
    )
    terraform = shutil.which("terraform")
    assert terraform, "terraform is not on PATH: this test needs it (make test-terraform)"
    subprocess.run([terraform, f"-chdir={tmp_path}", "apply", "-auto-approve", "-no-color"], check=True)
    said = subprocess.check_output([terraform, f"-chdir={tmp_path}", "output", "-raw", "values"], text=True)
    assert yaml.safe_load(said) == TEMPLATES
