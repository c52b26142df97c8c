"""A stack without Azure keeps all that is not Azure's, its order, and what must not be destroyed."""

from __future__ import annotations

from typing import Any

import pytest

from monitoring.blueprint.values.charts import ROOT
from monitoring.fleet import Region, load_fleet
from tests.cluster.conftest import in_use
from tests.cluster.nodes import nodes
from tests.cluster.outside import outside
from tests.cluster.stand_ins import disks, made_by_stand_ins, secrets
from tests.cluster.translation import without_azure

STACK: dict[str, Any] = {
    "terraform": {
        "backend": {"azurerm": {"key": "one.tfstate"}},
        "required_providers": {"azurerm": {"version": "4.55.0"}, "helm": {"version": "3.1.1"}},
        "required_version": ">= 1.11.0",
    },
    "provider": {"azurerm": [{"features": [{}]}], "helm": [{"kubernetes": {"host": "${data.azurerm_a.c.host}"}}]},
    "data": {"azurerm_a": {"c": {"name": "aks"}}, "kubernetes_w": {"there": {"metadata": {"name": "hook"}}}},
    "resource": {
        "azurerm_disk": {
            "d-0": {
                "group": "${azurerm_group.g.name}",
                "lifecycle": {"prevent_destroy": True, "ignore_changes": ["size"]},
                "depends_on": ["kubernetes_namespace_v1.n"],
            }
        },
        "azurerm_group": {"g": {"name": "rg"}},
        "kubernetes_namespace_v1": {"n": {"metadata": {"name": "n"}}},
        "helm_release": {
            "r": {"name": "r", "depends_on": ["azurerm_group.g"], "value": "disk ${azurerm_disk.d-0.id}!"},
        },
    },
}


def test_azure_is_replaced_in_place() -> None:
    assert without_azure(STACK, chart=lambda release: {"chart": f"/charts/{release['name']}"}) == {
        "terraform": {"required_providers": {"helm": {"version": "3.1.1"}}, "required_version": ">= 1.11.0"},
        "provider": {"helm": [{}]},
        "data": {"kubernetes_w": {"there": {"metadata": {"name": "hook"}}}},
        "resource": {
            "kubernetes_namespace_v1": {"n": {"metadata": {"name": "n"}}},
            "helm_release": {
                "r": {
                    "name": "r",
                    "chart": "/charts/r",
                    "depends_on": ["terraform_data.azurerm_group--g"],
                    "value": "disk ${terraform_data.azurerm_disk--d-0.output.id}!",
                }
            },
            "terraform_data": {
                "azurerm_disk--d-0": {
                    "lifecycle": {"prevent_destroy": True},
                    "depends_on": ["terraform_data.azurerm_group--g", "kubernetes_namespace_v1.n"],
                    "input": {"id": "azurerm_disk--d-0.id"},
                },
                "azurerm_group--g": {"depends_on": [], "input": {}},
                "data-azurerm_a--c": {"depends_on": [], "input": {}},
            },
        },
    }


def test_a_pool_gives_as_many_nodes_as_it_may_have() -> None:
    pool = {
        "name": "monitorz1",
        "max_count": 2,
        "max_pods": 60,
        "vm_size": "Standard_E8ds_v5",
        "node_labels": {"workload": "monitoring"},
        "node_taints": ["workload=monitoring:NoSchedule"],
    }
    for zones, zone, disk in ((["1"], "eastus-1", "eastus-1"), (None, "0", "")):
        stack = {
            "resource": {
                "azurerm_resource_group": {"g": {"location": "eastus"}},
                "azurerm_kubernetes_cluster_node_pool": {"p": {**pool, "zones": zones}},
            }
        }
        made = nodes(stack)
        assert [one["metadata"]["name"] for one in made] == ["aks-monitorz1-0", "aks-monitorz1-1"]
        labels = made[0]["metadata"]["labels"]
        assert labels["workload"] == "monitoring"
        assert labels["topology.kubernetes.io/zone"] == zone
        assert labels["topology.disk.csi.azure.com/zone"] == disk
        assert made[0]["spec"]["taints"] == [{"key": "workload", "value": "monitoring", "effect": "NoSchedule"}]
        # 64 GiB less 60 pods of 20 MB, 50 MB, and 100 MiB; 8 cores less 180 thousandths
        assert made[0]["status"]["allocatable"] == {"cpu": "7820m", "memory": "67364619136", "pods": "60"}


def _claim(**rest: Any) -> dict[str, Any]:
    return {
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": "data",
            "namespace": "here",
            "uid": "u",
            "annotations": {"volume.kubernetes.io/selected-node": "n"},
        },
        "spec": {
            "storageClassName": "t",
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
        "status": {"phase": "Pending"},
        **rest,
    }


CLASS = {
    "kind": "StorageClass",
    "metadata": {"name": "t"},
    "provisioner": "disk.csi.azure.com",
    "reclaimPolicy": "Retain",
}
NODE = {"kind": "Node", "metadata": {"name": "n", "labels": {"topology.disk.csi.azure.com/zone": "eastus-2"}}}


def test_a_disk_is_in_the_zone_of_the_node_that_was_chosen() -> None:
    (disk,) = disks([_claim(), CLASS, NODE])
    assert disk["metadata"]["name"] == "pvc-u"
    assert disk["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
    assert disk["spec"]["claimRef"]["uid"] == "u"
    (term,) = disk["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
    assert term["matchExpressions"][0]["values"] == ["eastus-2"]


@pytest.mark.parametrize(
    "objects",
    [
        [_claim(status={"phase": "Bound"}), CLASS, NODE],
        [_claim(), {**CLASS, "provisioner": "example.org/other"}, NODE],
        [_claim(metadata={"name": "data", "namespace": "here", "uid": "u"}), CLASS, NODE],
    ],
)
def test_no_disk_for_a_claim_that_has_one_or_waits(objects: list[dict[str, Any]]) -> None:
    assert list(disks(objects)) == []


def test_a_secret_is_made_where_a_key_vault_class_names_one() -> None:
    kept = {"secretName": "s", "type": "Opaque", "data": [{"key": "k", "objectName": "o"}]}
    classes = [
        {
            "kind": "SecretProviderClass",
            "metadata": {"name": "a", "namespace": "here"},
            "spec": {"secretObjects": [kept]},
        },
        {"kind": "SecretProviderClass", "metadata": {"name": "b", "namespace": "here"}, "spec": {}},
    ]
    (made,) = secrets(classes)
    assert (made["metadata"]["name"], made["metadata"]["namespace"], list(made["data"])) == ("s", "here", ["k"])
    assert made_by_stand_ins(made)


def test_the_issuer_and_the_gateway_are_those_of_the_regions_file(zoned: Region) -> None:
    with pytest.raises(ValueError, match="must be a ClusterIssuer for a test on a cluster, got Issuer"):
        outside(zoned)
    made = outside(load_fleet(ROOT / "regions").region("prod-eastus"))
    assert [(one["kind"], one["metadata"]["name"], one["metadata"].get("namespace")) for one in made] == [
        ("Namespace", "gateway", None),
        ("ClusterIssuer", "oversight-monitoring", None),
        ("Gateway", "oversight", "gateway"),
    ]


@pytest.mark.parametrize(("names", "used"), [(["default", "kube-system"], False), (["default", "monitoring"], True)])
def test_a_cluster_with_the_namespace_is_somebodys(names: list[str], used: bool) -> None:
    assert in_use([{"kind": "Namespace", "metadata": {"name": name}} for name in names]) is used
