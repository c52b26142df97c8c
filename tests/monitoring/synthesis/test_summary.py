"""The table at the end of a synthesis."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
from rich.console import Console

from monitoring.blueprint.releases.release import Release
from monitoring.blueprint.values.charts import Chart
from monitoring.blueprint.values.layers import Change
from monitoring.errors import Problem
from monitoring.synthesis.summary import print_summary, read_stacks


@pytest.fixture
def outdir(tmp_path: Path) -> Path:
    stacks: dict[str, dict[str, dict[str, object]]] = {
        "alpha": {
            "azurerm_kubernetes_cluster_node_pool": {"a": {}, "b": {}},
            "azurerm_storage_account": {"a": {}},
            "azurerm_storage_container": {"a": {}},
            "helm_release": {"a": {}, "b": {}, "c": {}},
            "kubernetes_namespace_v1": {"a": {}, "b": {}, "c": {}, "d": {}},
        },
        "fleet": {"azurerm_role_definition": {"a": {}}},
    }
    for name, resources in stacks.items():
        folder = tmp_path / "stacks" / name
        folder.mkdir(parents=True)
        (folder / "cdk.tf.json").write_text(json.dumps({"resource": resources}))
    return tmp_path


def release(
    *, digest: str | None = None, overrides: tuple[Change, ...] = (), address: str = "oci://example.test/charts"
) -> Release:
    return Release(
        name="trial",
        chart=Chart(name="trial", address=address, version="1.2.3", digest=digest),
        namespace="monitoring",
        values={},
        overrides=overrides,
        timeout=60,
        atomic=False,
    )


def printed(
    outdir: Path,
    *releases: Release,
    warnings: tuple[Problem, ...] = (),
    digests: Mapping[str, str | None] = MappingProxyType({}),
) -> str:
    text = io.StringIO()
    print_summary(
        read_stacks(outdir),
        releases={"alpha": releases},
        digests=digests,
        warnings=warnings,
        console=Console(file=text, width=140),
    )
    return text.getvalue()


def test_resources_are_counted_by_kind(outdir: Path) -> None:
    alpha, fleet = read_stacks(outdir)
    assert (alpha.name, fleet.name) == ("alpha", "fleet")
    assert {kind: count for kind, count in alpha.kinds.items() if count} == {
        "node pools": 2,
        "storage": 2,
        "releases": 3,
    }
    assert (alpha.others, fleet.others) == (4, 1)


def test_summary_lists_charts_with_versions(outdir: Path) -> None:
    assert "trial 1.2.3" in printed(outdir, release())


def test_summary_lists_region_overrides(outdir: Path) -> None:
    (line,) = [
        line
        for line in printed(
            outdir, release(overrides=(Change(path=("a", "b"), place="a.b", before=1, after=2),))
        ).splitlines()
        if "trial: a.b (instead of 1)" in line
    ]
    assert "alpha" in line


def test_a_missing_digest_is_a_warning(outdir: Path) -> None:
    assert "warning: helm-values/versions.yaml: digest must be recorded, got null: trial" in printed(outdir, release())
    assert "warning" not in printed(outdir, release(digest=f"sha256:{'0' * 64}"))


def test_warnings_that_say_the_same_of_one_file_are_one_line(outdir: Path) -> None:
    warnings = tuple(
        Problem(file="regions/alpha.yaml", line=line, path=path, message="must be filled in")
        for line, path in ((3, "tenant_id"), (5, "access.client_id"))
    )
    text = printed(outdir, release(digest=f"sha256:{'0' * 64}"), warnings=warnings)
    assert text.endswith("warning: regions/alpha.yaml: must be filled in: tenant_id (3), access.client_id (5)\n")


def test_missing_digests_of_images_are_counted_in_a_warning(outdir: Path) -> None:
    digest = f"sha256:{'0' * 64}"
    digests = {"example.test/a:v1": digest, "example.test/b:v1": None, "example.test/c:v1": None}
    text = printed(outdir, release(digest=digest), digests=digests)
    assert "warning: helm-values/versions.yaml: digest must be recorded, got null: 2 of 3 images" in text
    assert "warning" not in printed(outdir, release(digest=digest), digests={"example.test/a:v1": digest})


def test_a_chart_of_the_repository_has_no_digest_to_record(outdir: Path) -> None:
    assert "warning" not in printed(outdir, release(address="charts/trial"))


def test_what_looks_like_a_style_is_told_as_it_stands(outdir: Path) -> None:
    warnings = (Problem(file="regions/[b]alpha.yaml", line=3, path="tags[/x]", message="must be filled in"),)
    change = Change(path=("podAnnotations", "[/x]"), place="podAnnotations.[/x]", before=1, after=2)
    text = printed(outdir, release(digest=f"sha256:{'0' * 64}", overrides=(change,)), warnings=warnings)
    assert "warning: regions/[b]alpha.yaml: must be filled in: tags[/x] (3)\n" in text
    assert "trial: podAnnotations.[/x]" in text
