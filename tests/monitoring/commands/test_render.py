"""`monitoring render`, with a helm that prints what the test wants; the schemas are the real ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from monitoring.commands import render
from monitoring.rendering import record

DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
spec:
  group: example.com
  names: {kind: Thing, plural: things}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                size: {anyOf: [{type: integer}, {type: string}], x-kubernetes-int-or-string: true}
                count: {type: integer}
                free: {type: object, x-kubernetes-preserve-unknown-fields: true}
"""
SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {ports: [{port: 80}]}\n"
THING = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: t}\nspec: {size: 5, free: {any: 1}}\n"

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`run(manifests, *arguments)`: the command on the release thanos of a fixture region."""
    charts = tmp_path / "charts"
    (charts / "thanos").mkdir(parents=True)
    (charts / "thanos" / "values.yaml").write_text("{}")

    def call(manifests: str, *arguments: str, exit_code: int = 0) -> Result:
        helm = tmp_path / "bin" / "helm"
        helm.parent.mkdir(exist_ok=True)
        (tmp_path / "manifests.yaml").write_text(manifests)
        helm.write_text(f'#!/bin/sh\ncat "{tmp_path}/manifests.yaml"\nexit {exit_code}\n')
        helm.chmod(0o755)
        monkeypatch.setenv("PATH", f"{helm.parent}:/usr/bin:/bin")
        regions = Path(__file__).parents[2] / "fleet" / "regions"
        line = ["trial-beta", "thanos", "--regions", str(regions), "--charts", str(charts), *arguments]
        return CliRunner().invoke(render.command, line)

    return call


def test_valid_objects_are_counted_and_pass(run: Run) -> None:
    result = run(f"{DEFINITION}---\n{SERVICE}---\n{THING}", "--json")
    assert result.exit_code == 0, result.output
    counted = {"release": "thanos", "kinds": {"Service": 1, "Thing": 1}, "problems": [], "unchecked": []}
    assert json.loads(result.stdout) == [counted | {"kubernetes": "1.36"}, counted | {"kubernetes": "1.37"}]


def test_the_table_says_against_which_versions_of_kubernetes_objects_were_checked(run: Run) -> None:
    shown = run(SERVICE).stdout
    assert "Kubernetes" in shown
    assert [line.split()[1:4] for line in shown.splitlines() if "thanos" in line] == [
        ["thanos", "│", "1.36"],
        ["thanos", "│", "1.37"],
    ]


def test_helm_renders_for_the_version_that_is_checked(run: Run, tmp_path: Path) -> None:
    """Charts ask for the cluster's version: a fault in what one end alone gets is told with that end."""
    run(SERVICE)
    helm = tmp_path / "bin" / "helm"
    helm.write_text(
        f'#!/bin/sh\ncase "$*" in *"--kube-version 1.37.0"*) sed s/ports/prots/ "{tmp_path}/manifests.yaml";;'
        f' *) cat "{tmp_path}/manifests.yaml";; esac\n'
    )
    regions = Path(__file__).parents[2] / "fleet" / "regions"
    line = ["trial-beta", "thanos", "--regions", str(regions), "--charts", str(tmp_path / "charts")]
    result = CliRunner().invoke(render.command, line)
    assert result.exit_code == 1
    assert "thanos, Kubernetes 1.37: Service/s" in result.stderr
    assert "Kubernetes 1.36" not in result.stderr


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ("apiVersion: v1\nkind: Endpoints\nmetadata: {name: e}\n", "v1 of Endpoints is deprecated"),
        (
            "apiVersion: policy/v1beta1\nkind: PodSecurityPolicy\nmetadata: {name: p}\n",
            "policy/v1beta1 of PodSecurityPolicy is not served",
        ),
        (
            "apiVersion: certificates.k8s.io/v1beta1\nkind: ClusterTrustBundle\nmetadata: {name: b}\n"
            "spec: {trustBundle: a}\n",
            "certificates.k8s.io/v1beta1 of ClusterTrustBundle is not stable",
        ),
    ],
)
def test_an_api_version_that_goes_or_is_gone_is_an_error_for_either_end(run: Run, manifest: str, message: str) -> None:
    result = run(manifest)
    assert result.exit_code == 1
    for end in ("1.36", "1.37"):
        assert f"apiVersion: {message} in Kubernetes {end}" in result.stderr


@pytest.mark.parametrize(
    ("old", "new"), [("served: true", "served: true\n      deprecated: true"), ("served: true", "served: false")]
)
def test_a_version_that_its_definition_deprecates_is_an_error(run: Run, old: str, new: str) -> None:
    result = run(f"{DEFINITION.replace(old, new)}---\n{THING}")
    assert result.exit_code == 1
    assert "example.com/v1 of Thing is deprecated in Kubernetes 1.36" in result.stderr


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (SERVICE.replace("ports", "prots"), "'prots' was unexpected"),
        (SERVICE.replace("80", "eighty"), "spec.ports[0].port"),
        (THING.replace("size", "siez"), "'siez' was unexpected"),
        (THING.replace("size: 5", "count: five"), "spec.count"),
    ],
)
def test_schema_fault_is_reported_with_its_object(run: Run, wrong: str, message: str) -> None:
    result = run(f"{DEFINITION}---\n{wrong}")
    assert result.exit_code == 1
    assert message in result.stderr
    assert result.stderr.count("thanos, Kubernetes ") == 2


@pytest.mark.parametrize("as_list", [False, True])
def test_definitions_that_no_chart_brings_are_read_from_a_folder(run: Run, tmp_path: Path, as_list: bool) -> None:
    (tmp_path / "crds").mkdir()
    text = DEFINITION
    if as_list:
        text = "kind: List\nitems:\n- " + DEFINITION.strip().replace("\n", "\n  ") + "\n"
    (tmp_path / "crds" / "things.yaml").write_text(text)
    assert "no schema at hand" not in run(THING, "--crds", str(tmp_path / "crds")).stdout
    assert run(THING.replace("size", "siez"), "--crds", str(tmp_path / "crds")).exit_code == 1


def test_pod_without_node_selector_is_reported(run: Run) -> None:
    result = run("apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: monitoring}\nspec: {containers: []}\n")
    assert result.exit_code == 1
    assert "thanos, Kubernetes 1.36: Pod/p: spec.nodeSelector must say where the pod runs, got nothing" in result.stderr


def test_duplicate_container_flag_is_reported(run: Run) -> None:
    pod = (
        "{containers: [{name: query, args: [query, --log.level=info, --endpoint=a, --endpoint=b, --log.level=debug]}]}"
    )
    result = run(f"apiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: monitoring}}\nspec: {pod}\n")
    assert result.exit_code == 1
    assert "thanos, Kubernetes 1.36: Pod/p: query: --log.level must be given once" in result.stderr
    assert "--endpoint must" not in result.stderr


def test_kind_without_a_schema_is_reported(run: Run) -> None:
    result = run("apiVersion: other.io/v1\nkind: Other\nmetadata: {name: o}\n")
    assert result.exit_code == 0
    assert "not checked, no schema at hand: thanos: Other/o" in result.stdout


def test_failed_helm_rendering_has_its_own_exit_code(run: Run) -> None:
    result = run("", exit_code=1)
    assert result.exit_code == 2
    assert "helm cannot render thanos" in result.stderr


def test_a_repeated_key_is_refused(run: Run) -> None:
    result = run(SERVICE + "kind: Service\n")
    assert result.exit_code == 2
    assert "key 'kind' must be given once" in result.stderr


def test_a_missing_chart_is_named_with_the_way_to_it(run: Run, tmp_path: Path) -> None:
    result = run(SERVICE, "--charts", str(tmp_path))
    assert result.exit_code == 2
    assert "helm pull oci://" in result.stderr


def test_a_missing_helm_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitoring.rendering.charts.shutil.which", lambda _: None)
    result = run(SERVICE)
    assert result.exit_code == 2
    assert "helm is not on PATH" in result.stderr


def test_objects_are_written_where_asked(run: Run, tmp_path: Path) -> None:
    assert run(SERVICE, "--output", str(tmp_path / "out")).exit_code == 0
    assert (tmp_path / "out" / "thanos.yaml").read_text() == SERVICE


def test_rendered_objects_are_recorded_for_tests(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tests" / "golden").mkdir(parents=True)
    monkeypatch.setattr(record, "ROOT", tmp_path)
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: s, labels: {app: a}}\nspec: {ports: [{port: 80}]}\n"
    monitor = (
        "apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: m}\n"
        "spec: {selector: {matchLabels: {app: a}}, endpoints: [{port: http}]}\n"
    )
    pod = "{containers: [{name: query, image: i, args: [query, --log.level=info]}]}"
    workload = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: query}\n"
        f"spec: {{selector: {{}}, template: {{metadata: {{labels: {{app: a}}}}, spec: {pod}}}}}\n"
    )
    account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a}\nautomountServiceAccountToken: false\n"
    run(f"{service}---\n{monitor}---\n{workload}---\n{account}", "--record")

    def recorded(name: str) -> Any:
        return json.loads((tmp_path / name).read_text())

    assert [one["name"] for one in recorded(record.MONITORS)["monitors"]] == ["m"]
    assert [one["namespace"] for one in recorded(record.MONITORS)["services"]] == ["monitoring"]
    assert "query" in json.dumps(recorded(record.WORKLOADS))
    assert recorded(record.ACCESS) == [
        {"kind": "ServiceAccount", "name": "a", "namespace": "monitoring", "automountServiceAccountToken": False}
    ]
    assert recorded(record.REPEATED) == {}
    assert "--log.level" in json.dumps(recorded(record.FLAGS))
