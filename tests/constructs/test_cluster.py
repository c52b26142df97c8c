"""The cluster is read and checked, never made."""

from __future__ import annotations

import pytest

from tests.constructs.expectations import expect
from tests.constructs.synthesized import (
    ANOTHER_SUBSCRIPTION,
    GROUP_ID,
    NETWORKS,
    NO_ZONES,
    SUBSCRIPTION,
    TWO_ZONES,
    ZONES,
    addresses,
    by_name,
    data_reference,
    elsewhere_stack,
    region_stack,
)

KIND = "azurerm_kubernetes_cluster"
ASSIGNMENT = "azurerm_role_assignment"


def test_the_cluster_is_a_data_source() -> None:
    expect(region_stack(ZONES)).to_have_data_source_with_properties(
        KIND, {"name": "aks-trial-alpha", "resource_group_name": "rg-trial-clusters"}
    )
    assert KIND not in region_stack(ZONES)["resource"]


@pytest.mark.parametrize(
    ("name", "engine", "pods"),
    [(ZONES, "calico", "10.61.0.0/16"), (NO_ZONES, "azure", "10.62.0.0/16"), (TWO_ZONES, "cilium", "10.63.0.0/16")],
)
def test_a_cluster_that_cannot_hold_the_design_is_refused_before_anything_is_built_on_it(
    name: str, engine: str, pods: str
) -> None:
    """Kubernetes, issuer, no local accounts, Entra, the region's policy engine and pod network: no more, no less."""
    refused = [
        {
            "condition": (
                '${contains(["1.36", "1.37"], join(".", slice(split(".", self.current_kubernetes_version), 0, 2)))}'
            ),
            "error_message": (
                "The cluster's Kubernetes must be 1.36 to 1.37 (helm-values/versions.yaml), "
                "got ${self.current_kubernetes_version}: az aks upgrade."
            ),
        },
        {
            "condition": "${self.oidc_issuer_enabled}",
            "error_message": "The cluster must have its OIDC issuer enabled: az aks update --enable-oidc-issuer.",
        },
        {
            "condition": "${nonsensitive(length(self.kube_admin_config) == 0)}",
            "error_message": "The cluster must have local accounts disabled: az aks update --disable-local-accounts.",
        },
        {
            "condition": "${length(self.azure_active_directory_role_based_access_control) > 0}",
            "error_message": (
                "The cluster must sign people in by Entra: az aks update --enable-aad --enable-azure-rbac."
            ),
        },
        {
            "condition": f'${{self.network_profile[0].network_policy == "{engine}"}}',
            "error_message": f"The cluster must enforce network policies with {engine}, as the region's file says.",
        },
        {
            "condition": f'${{contains(["", "{pods}"], self.network_profile[0].pod_cidr)}}',
            "error_message": f"The cluster's pods must have addresses in {pods}: the region's network.pod_network.",
        },
    ]
    expect(region_stack(name)).to_have_data_source_with_properties(KIND, {"lifecycle": {"postcondition": refused}})


def test_a_cluster_without_workload_identity_is_refused() -> None:
    refused = {
        "condition": "${length(self.webhook) > 0}",
        "error_message": "The cluster must have workload identity enabled: az aks update --enable-workload-identity.",
    }
    expect(region_stack(ZONES)).to_have_data_source_with_properties(
        "kubernetes_mutating_webhook_configuration_v1",
        {
            "metadata": {"name": "azure-wi-webhook-mutating-webhook-configuration"},
            "lifecycle": {"postcondition": [refused]},
        },
    )


def test_with_policies_by_host_name_a_cluster_whose_nodes_answer_dns_is_refused() -> None:
    """AKS documents that the two do not go together, and turns LocalDNS on by itself from Kubernetes 1.37."""
    refused = {
        "condition": "${length(self.nodes) == 0}",
        "error_message": (
            "No node may run LocalDNS while cluster.host_name_policies is true, since AKS has no policies by host name "
            'with it: set it to Disabled on ${join(", ", self.nodes[*].metadata[0].name)} (docs/network-policies.md).'
        ),
    }
    expect(region_stack(TWO_ZONES)).to_have_data_source_with_properties(
        "kubernetes_nodes",
        {
            "metadata": {"labels": {"kubernetes.azure.com/localdns-state": "enabled"}},
            "lifecycle": {"postcondition": [refused]},
        },
    )


@pytest.mark.parametrize("name", [ZONES, NO_ZONES])
def test_without_policies_by_host_name_a_node_may_answer_dns(name: str) -> None:
    assert "kubernetes_nodes" not in region_stack(name)["data"]


def test_helm_and_kubernetes_sign_in_by_kubelogin_in_the_same_way_and_hold_no_credential() -> None:
    """Address and root come from the data source. AAD_LOGIN_METHOD wins over --login: a pipeline may override it.

    No `env`, whose keys the bindings would change, and no --disable-environment-override.
    """
    login = {
        "api_version": "client.authentication.k8s.io/v1beta1",
        "command": "kubelogin",
        "args": ["get-token", "--login", "azurecli", "--server-id", "6dae42f8-4368-4678-94ff-3960e28e3630"],
    }
    stack = region_stack(ZONES)
    access = data_reference(stack, KIND, "kube_config[0]").removesuffix("}").removeprefix("${")
    reached = {
        "host": f"${{{access}.host}}",
        "cluster_ca_certificate": f"${{base64decode({access}.cluster_ca_certificate)}}",
    }
    expect(stack).to_have_provider_with_properties("kubernetes", {**reached, "exec": [login]})
    expect(stack).to_have_provider_with_properties("helm", {"kubernetes": {**reached, "exec": login}})
    assert stack["provider"]["kubernetes"][0].keys() == {"host", "cluster_ca_certificate", "exec"}


def grants() -> list[str]:
    """Names of the control plane's role assignments."""
    principal = data_reference(region_stack(ZONES), "azurerm_user_assigned_identity", "principal_id")
    return [
        name for name, body in by_name(region_stack(ZONES), ASSIGNMENT).items() if body["principal_id"] == principal
    ]


def test_the_control_plane_identity_is_looked_up_by_name() -> None:
    expect(region_stack(ZONES)).to_have_data_source_with_properties(
        "azurerm_user_assigned_identity", {"name": "id-aks-trial-alpha", "resource_group_name": "rg-trial-clusters"}
    )


def test_the_control_plane_may_attach_disks_of_the_regions_group_by_the_custom_role() -> None:
    stack = region_stack(ZONES)
    expect(stack).to_have_resource_with_properties(
        ASSIGNMENT,
        {
            "scope": GROUP_ID,
            "role_definition_id": data_reference(stack, "azurerm_role_definition", "id"),
            "principal_id": data_reference(stack, "azurerm_user_assigned_identity", "principal_id"),
        },
        name="cluster_attach-disks",
    )
    expect(stack).to_have_data_source_with_properties(
        "azurerm_role_definition", {"name": "Oversight monitoring disk attach", "scope": SUBSCRIPTION}
    )


def test_the_custom_role_is_looked_up_in_the_subscription_of_the_region() -> None:
    expect(elsewhere_stack()).to_have_data_source_with_properties(
        "azurerm_role_definition", {"scope": f"/subscriptions/{ANOTHER_SUBSCRIPTION}"}
    )


def test_the_control_plane_may_join_the_load_balancers_subnet_and_no_other() -> None:
    stack = region_stack(ZONES)
    expect(stack).to_have_resource_with_properties(
        ASSIGNMENT,
        {
            "scope": f"{NETWORKS}/virtualNetworks/vnet-alpha/subnets/balancers",
            "role_definition_name": "Network Contributor",
            "principal_id": data_reference(stack, "azurerm_user_assigned_identity", "principal_id"),
        },
        name="cluster_join-load-balancer-subnet",
    )
    assert grants() == ["cluster_attach-disks", "cluster_join-load-balancer-subnet"]


def test_volumes_wait_for_the_right_to_attach_their_disks() -> None:
    stack = region_stack(ZONES)
    for volume in by_name(stack, "kubernetes_persistent_volume_v1").values():
        assert addresses(stack, ASSIGNMENT)["cluster_attach-disks"] in volume["depends_on"]


def test_the_resource_group_is_in_the_region_and_cannot_be_destroyed() -> None:
    expect(region_stack(ZONES)).to_have_resource_with_properties(
        "azurerm_resource_group",
        {"name": "rg-trial-alpha", "location": "swedencentral", "lifecycle": {"prevent_destroy": True}},
    )
