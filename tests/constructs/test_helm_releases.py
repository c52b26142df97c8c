"""The only maker of releases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cdktf
import pytest
from cdktf_cdktf_provider_helm.provider import HelmProvider

from constructs.helm_releases import HelmReleases
from monitoring.blueprint.releases.release import Release
from monitoring.blueprint.values.charts import Chart
from tests.constructs.expectations import expect
from tests.constructs.synthesized import (
    NO_ZONES,
    ZONES,
    Resource,
    Stack,
    addresses,
    by_name,
    parsed,
    region_stack,
)
from tests.laws.stack_laws import waits_for

KIND = "helm_release"
CHART = Chart(name="trial", address="oci://example.test/charts", version="1.2.3", digest=None)


def release(name: str = "trial", *, values: dict[str, Any] | None = None, **changes: Any) -> Release:
    given_values = values or {"replicas": 2}
    return Release(
        **{
            "name": name,
            "chart": CHART,
            "namespace": "monitoring",
            "values": given_values,
            "timeout": 1200,
            "atomic": False,
            **changes,
        }
    )


def stack_with(*releases: Release, client_ids: dict[str, str] | None = None) -> Stack:
    """A stack that holds nothing else."""
    stack = cdktf.TerraformStack(cdktf.Testing.app(), "test")
    HelmReleases(stack, "releases", releases=releases, client_ids=client_ids or {}, depends_on=[])
    return parsed(stack)


def made(*releases: Release) -> dict[str, Resource]:
    return by_name(stack_with(*releases), KIND)


def test_chart_and_version_are_the_pinned_ones_and_the_namespace_is_terraforms() -> None:
    expect(stack_with(release())).to_have_resource_with_properties(
        KIND,
        {
            "name": "trial",
            "repository": "oci://example.test/charts",
            "chart": "trial",
            "version": "1.2.3",
            "namespace": "monitoring",
            "create_namespace": False,
        },
    )


def test_a_chart_with_a_digest_is_its_checked_package_beside_the_json() -> None:
    chart = Chart(name="trial", address="oci://example.test/charts", version="1.2.3", digest=f"sha256:{'ab' * 32}")
    body = made(release(chart=chart))["trial"]
    assert "repository" not in body
    assert body["chart"] == f"charts/sha256-{'ab' * 32}/trial-1.2.3.tgz"


def test_a_chart_of_the_repository_is_a_path_from_where_terraform_runs(tmp_path: Path) -> None:
    app = cdktf.App(outdir=str(tmp_path))
    stack = cdktf.TerraformStack(app, "test")
    HelmProvider(stack, "helm")
    local = Chart(name="objects", address="charts/objects", version="1.0.0", digest=None)
    HelmReleases(stack, "releases", releases=[release(chart=local)], client_ids={}, depends_on=[])
    app.synth()
    (body,) = json.loads((tmp_path / "stacks/test/cdk.tf.json").read_text())["resource"][KIND].values()
    assert "repository" not in body
    assert (tmp_path / "stacks/test" / body["chart"] / "Chart.yaml").is_file()


def test_terraform_reads_the_values_of_a_release_from_the_file_beside_the_json() -> None:
    expect(stack_with(release("one"), release("another"))).to_have_resource_with_properties(
        KIND, {"values": ['${file("${path.module}/values/one.yaml")}']}, name="one"
    )


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(lambda: cdktf.Token.as_string({"ref": "x"}), id="string"),
        pytest.param(lambda: f"prefix-{cdktf.Token.as_string({'ref': 'x'})}", id="part of a string"),
        pytest.param(lambda: cdktf.Token.as_list({"ref": "x"}), id="list"),
        pytest.param(lambda: cdktf.Token.as_number({"ref": "x"}), id="number"),
        pytest.param(lambda: cdktf.Fn.upper("x"), id="function"),
    ],
)
def test_cdktf_token_in_helm_values_is_refused(token: Any) -> None:
    """Terraform resolves nothing in the file: it would reach the chart literally."""
    with pytest.raises(
        ValueError, match=r"values of release trial must be plain data, got a Terraform token in line [34]"
    ):
        made(release(values={"a": 1, "deep": [{"id": token()}]}))


def test_ordinary_numbers_are_not_taken_for_cdktf_tokens() -> None:
    values = {"small": -1.5, "large": 10**18, "tiny": 1e-300}
    made(release(values=values))


def test_values_known_after_apply_use_set_blocks() -> None:
    wanted = release(known_after_apply={"secrets[0].clientID": "proxy"})
    client_id = "${azurerm_user_assigned_identity.proxy.client_id}"
    expect(stack_with(wanted, client_ids={"proxy": client_id})).to_have_resource_with_properties(
        KIND, {"set": [{"name": "secrets[0].clientID", "value": client_id}]}
    )


def test_no_other_values_use_set_blocks() -> None:
    assert "set" not in made(release())["trial"]


def test_each_release_depends_on_the_previous_one() -> None:
    stack = stack_with(release("first"), release("second", after=("first",)))
    first = addresses(stack, KIND)["first"]
    expect(stack).to_have_resource_with_properties(KIND, {"depends_on": [first]}, name="second")
    assert not by_name(stack, KIND)["first"].get("depends_on")


@pytest.mark.parametrize("atomic", [True, False])
def test_release_without_atomic_has_no_cleanup_on_fail(atomic: bool) -> None:
    expect(stack_with(release(atomic=atomic))).to_have_resource_with_properties(
        KIND, {"atomic": atomic, "cleanup_on_fail": atomic}
    )


@pytest.mark.parametrize(
    ("name", "atomic", "timeout"),
    [
        ("objects", True, 900),
        ("kube-prometheus-stack", False, 1800),
        ("thanos", False, 3600),
        ("thanos-global", True, 600),
        ("oauth2-proxy", True, 600),
        ("prometheus-postgres-exporter", True, 300),
        ("prometheus-redis-exporter", True, 300),
    ],
)
def test_stateful_releases_are_not_atomic_and_each_has_a_timeout(name: str, atomic: bool, timeout: int) -> None:
    """Of Thanos, three ingestors may each take 900 s to write their heads to Blob, one after another."""
    expect(region_stack(ZONES)).to_have_resource_with_properties(
        KIND, {"atomic": atomic, "cleanup_on_fail": atomic, "timeout": timeout, "wait": True}, name=name
    )


@pytest.mark.parametrize(
    ("name", "after"),
    [
        ("kube-prometheus-stack", ["objects"]),
        ("thanos", ["objects", "kube-prometheus-stack"]),
        ("thanos-cache", ["objects", "kube-prometheus-stack"]),
        ("thanos-global", ["objects", "kube-prometheus-stack", "thanos"]),
        ("oauth2-proxy", ["objects", "kube-prometheus-stack", "thanos"]),
        ("prometheus-postgres-exporter", ["objects", "kube-prometheus-stack"]),
        ("prometheus-redis-exporter", ["objects", "kube-prometheus-stack"]),
    ],
)
def test_a_release_comes_after_those_whose_kinds_and_services_it_uses(name: str, after: list[str]) -> None:
    stack = region_stack(ZONES)
    found = addresses(stack, KIND)
    expect(stack).to_have_resource_with_properties(KIND, {"depends_on": [found[one] for one in after]}, name=name)


def test_expectations_above_cover_every_release() -> None:
    assert by_name(region_stack(ZONES), KIND).keys() == {
        "objects",
        "kube-prometheus-stack",
        "thanos",
        "thanos-cache",
        "thanos-global",
        "oauth2-proxy",
        "prometheus-postgres-exporter",
        "prometheus-redis-exporter",
    }


def test_releases_wait_and_limit_max_history() -> None:
    expect(stack_with(release(timeout=77))).to_have_resource_with_properties(
        KIND, {"wait": True, "timeout": 77, "max_history": 10}
    )


@pytest.mark.parametrize("name", [ZONES, NO_ZONES])
@pytest.mark.parametrize(
    ("kind", "label"),
    [
        ("kubernetes_namespace_v1", "monitoring"),
        ("kubernetes_namespace_v1", "monitoring-node"),
        ("kubernetes_priority_class_v1", "monitoring-critical"),
        ("kubernetes_storage_class_v1", "oversight-static"),
        ("kubernetes_storage_class_v1", "oversight-retain"),
        ("kubernetes_secret_v1", "thanos-objstore"),
    ],
)
def test_releases_wait_for_what_their_pods_need(name: str, kind: str, label: str) -> None:
    """The operator refuses a Prometheus whose storage class is missing, while Helm reports success."""
    stack = region_stack(name)
    for body in by_name(stack, KIND).values():
        assert addresses(stack, kind)[label] in waits_for(stack, body)


@pytest.mark.parametrize("name", [ZONES, NO_ZONES])
def test_releases_wait_for_the_last_node_pool_and_the_stores_endpoint(name: str) -> None:
    stack = region_stack(name)
    pools = list(addresses(stack, "azurerm_kubernetes_cluster_node_pool").values())
    (endpoint,) = addresses(stack, "azurerm_private_endpoint").values()
    for body in by_name(stack, KIND).values():
        assert {pools[-1], endpoint} <= waits_for(stack, body)
