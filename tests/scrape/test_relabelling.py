"""What Prometheus makes of a target that it discovers: whether it is scraped, where, and under which labels."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from monitoring.blueprint.scraping.files import scrape_files
from monitoring.fleet import Region
from tests.rules.promtool import promtool
from tests.stack.samples import TARGETS

pytestmark = pytest.mark.rules

Labels = Mapping[str, str]

POD = {
    "__address__": "10.1.2.3:8080",
    "__meta_kubernetes_namespace": "shop",
    "__meta_kubernetes_pod_name": "orders-7d9f4-x1",
    "__meta_kubernetes_pod_node_name": "node-a",
    "__meta_kubernetes_pod_phase": "Running",
    "__meta_kubernetes_pod_container_init": "false",
    "__meta_kubernetes_pod_controller_kind": "ReplicaSet",
    "__meta_kubernetes_pod_controller_name": "orders-7d9f4",
    "__meta_kubernetes_pod_annotation_prometheus_io_scrape": "true",
}
SERVICE = {
    "__address__": "10.1.2.3:8080",
    "__meta_kubernetes_namespace": "shop",
    "__meta_kubernetes_service_name": "orders",
    "__meta_kubernetes_pod_name": "orders-7d9f4-x1",
    "__meta_kubernetes_pod_node_name": "node-a",
    "__meta_kubernetes_endpointslice_endpoint_conditions_ready": "true",
    "__meta_kubernetes_service_annotation_prometheus_io_scrape": "true",
}
MACHINE = {
    "__address__": "10.9.0.4:9100",
    "__meta_azure_machine_name": "vm-orders-1",
    "__meta_azure_machine_resource_group": "RG-Trial-Machines",
    "__meta_azure_machine_location": "eastus",
}
DROPPED: Labels = {}

PODS: Mapping[str, tuple[Labels, Labels]] = {
    "two lines suffice": (
        {},
        {
            "__scheme__": "http",
            "__address__": "10.1.2.3:8080",
            "__metrics_path__": "/metrics",
            "instance": "10.1.2.3:8080",
            "job": "orders",
            "namespace": "shop",
            "pod": "orders-7d9f4-x1",
            "node": "node-a",
        },
    ),
    "not asked for": ({"annotation_prometheus_io_scrape": ""}, DROPPED),
    "asked to stay away": ({"annotation_prometheus_io_scrape": "false"}, DROPPED),
    "not started": ({"phase": "Pending"}, DROPPED),
    "finished": ({"phase": "Succeeded"}, DROPPED),
    "an init container": ({"container_init": "true"}, DROPPED),
    "CoreDNS, which has a monitor": ({"label_k8s_app": "kube-dns"}, DROPPED),
    "a port": (
        {"annotation_prometheus_io_port": "9102"},
        {"__address__": "10.1.2.3:9102", "instance": "10.1.2.3:9102"},
    ),
    "a port's name is none": ({"annotation_prometheus_io_port": "metrics"}, {"__address__": "10.1.2.3:8080"}),
    "a path": ({"annotation_prometheus_io_path": "/of/mine"}, {"__metrics_path__": "/of/mine"}),
    "a scheme": ({"annotation_prometheus_io_scheme": "https"}, {"__scheme__": "https"}),
    "no scheme of ours": ({"annotation_prometheus_io_scheme": "ftp"}, {"__scheme__": "http"}),
    "of a StatefulSet": ({"controller_kind": "StatefulSet", "controller_name": "db-main"}, {"job": "db-main"}),
    "of a DaemonSet": ({"controller_kind": "DaemonSet", "controller_name": "agent"}, {"job": "agent"}),
    "of nobody": ({"controller_kind": "", "controller_name": ""}, {"job": "kubernetes-pods"}),
    "with the label app": ({"label_app": "shop-orders"}, {"job": "shop-orders"}),
    "with both labels": ({"label_app": "a", "label_app_kubernetes_io_name": "b"}, {"job": "b"}),
}
SERVICES: Mapping[str, tuple[Labels, Labels]] = {
    "each pod of it": (
        {},
        {
            "__address__": "10.1.2.3:8080",
            "job": "orders",
            "namespace": "shop",
            "service": "orders",
            "pod": "orders-7d9f4-x1",
            "node": "node-a",
        },
    ),
    "not asked for": ({"service_annotation_prometheus_io_scrape": ""}, DROPPED),
    "its pod is scraped already": ({"pod_annotation_prometheus_io_scrape": "true"}, DROPPED),
    "a port that is not ready": ({"endpointslice_endpoint_conditions_ready": "false"}, DROPPED),
    "CoreDNS, which has a monitor": ({"pod_label_k8s_app": "kube-dns"}, DROPPED),
    "all that may be said": (
        {
            "service_annotation_prometheus_io_port": "9102",
            "service_annotation_prometheus_io_path": "/of/mine",
            "service_annotation_prometheus_io_scheme": "https",
        },
        {"__scheme__": "https", "__address__": "10.1.2.3:9102", "__metrics_path__": "/of/mine"},
    ),
}
MACHINES: Mapping[str, tuple[Labels, Labels]] = {
    "a machine": (
        {},
        {
            "__address__": "10.9.0.4:9100",
            "instance": "vm-orders-1",
            "resource_group": "rg-trial-machines",
            "location": "eastus",
            "environment": "trial",
            "job": "azure-vms",
        },
    ),
    "of a scale set": ({"scale_set": "vmss-orders"}, {"scale_set": "vmss-orders"}),
    "without an exporter": ({"tag_prometheus_scrape": "false"}, DROPPED),
}
CERT_MANAGER = {
    "namespace": "cert-manager",
    "pod_controller_name": "cert-manager-5f6d",
    "pod_label_app": "cert-manager",
    "pod_label_app_kubernetes_io_name": "cert-manager",
    "pod_annotation_prometheus_io_path": "/metrics",
    "pod_annotation_prometheus_io_port": "9402",
}
"""The controller's pod as cert-manager's chart makes it (templates/deployment.yaml), unless it is to have a monitor."""


def relabelled(job: str, targets: Mapping[str, Labels], *, region: Region, folder: Path) -> dict[str, dict[str, str]]:
    """The labels that each of the discovered `targets` has in the end; none where it is dropped.

    The region's own job, but for its discovery: the targets are given instead.
    """
    (found,) = (one for one in scrape_files().jobs(region) if one["job_name"] == job)
    given = [
        {"targets": [labels["__address__"]], "labels": {**labels, "__meta_case": case}}
        for case, labels in targets.items()
    ]
    made = {key: value for key, value in found.items() if not key.endswith("_sd_configs")} | {"static_configs": given}
    file = folder / "prometheus.yml"
    file.write_text(yaml.safe_dump({"scrape_configs": [made]}), encoding="utf-8")
    found_labels: dict[str, dict[str, str]] = {}
    for seconds in (1, 5, 60):  # it shows what it has found by then, on a busy machine not all
        done = promtool("check", "service-discovery", f"--timeout={seconds}s", str(file), job)
        assert done.returncode == 0, done.stdout
        found_labels = {one["discoveredLabels"]["__meta_case"]: one["labels"] for one in json.loads(done.stdout)}
        if found_labels.keys() == targets.keys():
            break
    assert found_labels.keys() == targets.keys()
    return found_labels


@pytest.mark.parametrize(
    ("job", "base", "prefix", "cases"),
    [
        ("kubernetes-pods", POD, "__meta_kubernetes_pod_", PODS),
        ("kubernetes-services", SERVICE, "__meta_kubernetes_", SERVICES),
        ("azure-vms", MACHINE, "__meta_azure_machine_", MACHINES),
    ],
    ids=["pods", "services", "machines"],
)
def test_scrape_annotations_set_address_path_and_labels(
    job: str, base: Labels, prefix: str, cases: Mapping[str, tuple[Labels, Labels]], zoned: Region, tmp_path: Path
) -> None:
    targets = {
        case: {**base, **{f"{prefix}{name}": text for name, text in said.items()}} for case, (said, _) in cases.items()
    }
    found = relabelled(job, targets, region=zoned, folder=tmp_path)
    wrong = {
        case: found[case]
        for case, (_, expected) in cases.items()
        if not expected.items() <= found[case].items() or bool(found[case]) != bool(expected)
    }
    assert wrong == {}


def test_an_ipv6_address_keeps_its_brackets(zoned: Region, tmp_path: Path) -> None:
    said = {**POD, "__address__": "[fd00::1]:8080", "__meta_kubernetes_pod_annotation_prometheus_io_port": "9102"}
    found = relabelled("kubernetes-pods", {"ipv6": said}, region=zoned, folder=tmp_path)
    assert found["ipv6"]["__address__"] == "[fd00::1]:9102"


def test_cert_manager_is_found_by_its_charts_annotations_under_the_job_of_the_recorded_samples(
    zoned: Region, tmp_path: Path
) -> None:
    said = {**POD, **{f"__meta_kubernetes_{name}": text for name, text in CERT_MANAGER.items()}}
    found = relabelled("kubernetes-pods", {"controller": said}, region=zoned, folder=tmp_path)["controller"]
    (target,) = (one for one in TARGETS if "cert-manager" in one.parts)
    assert (found["job"], found["namespace"]) == (target.job, target.namespace)
    assert found["instance"].endswith(":9402")
