"""The AKS cluster as a data source with postconditions, and the providers that use it; it is not created here."""

from __future__ import annotations

from cdktf import Fn, Postcondition, TerraformResourceLifecycle
from cdktf_cdktf_provider_azurerm.data_azurerm_kubernetes_cluster import DataAzurermKubernetesCluster
from cdktf_cdktf_provider_azurerm.data_azurerm_role_definition import DataAzurermRoleDefinition
from cdktf_cdktf_provider_azurerm.data_azurerm_user_assigned_identity import DataAzurermUserAssignedIdentity
from cdktf_cdktf_provider_azurerm.role_assignment import RoleAssignment
from cdktf_cdktf_provider_helm.provider import HelmProvider, HelmProviderKubernetes, HelmProviderKubernetesExec
from cdktf_cdktf_provider_kubernetes.data_kubernetes_mutating_webhook_configuration_v1 import (
    DataKubernetesMutatingWebhookConfigurationV1,
    DataKubernetesMutatingWebhookConfigurationV1Metadata,
)
from cdktf_cdktf_provider_kubernetes.data_kubernetes_nodes import DataKubernetesNodes, DataKubernetesNodesMetadata
from cdktf_cdktf_provider_kubernetes.provider import KubernetesProvider, KubernetesProviderExec

from constructs import Construct
from constructs.group import Group
from monitoring.blueprint.components.names import DISK_ROLE
from monitoring.blueprint.values.charts import VERSIONS, versions
from monitoring.fleet.model import Region

AKS_SERVER_APPLICATION = "6dae42f8-4368-4678-94ff-3960e28e3630"
"""Application id of AKS' Entra server, the same in every tenant."""

# AAD_LOGIN_METHOD overrides the login: a person has signed in by `az login`, a pipeline sets `workloadidentity`.
LOGIN = ["get-token", "--login", "azurecli", "--server-id", AKS_SERVER_APPLICATION]
WORKLOAD_IDENTITY_WEBHOOK = "azure-wi-webhook-mutating-webhook-configuration"
"""What AKS installs for workload identity, which its cluster data source does not report."""

LOCAL_DNS = {"kubernetes.azure.com/localdns-state": "enabled"}
"""How AKS labels a node that answers DNS itself; azurerm 4.55 has no key for it, neither of a pool nor of a cluster."""

API_VERSION = "client.authentication.k8s.io/v1beta1"


class Cluster(Construct):
    """A data source: providers configured from a cluster of the same state break plans.

    `id` and `oidc_issuer_url` are references. `disk_access` is the grant that lets the cluster attach disks of
    the region's resource group, `subnet_access` the one for the load balancers' subnet: what needs them waits.
    """

    def __init__(self, scope: Construct, name: str, *, region: Region, group: Group) -> None:
        super().__init__(scope, name)
        cluster = DataAzurermKubernetesCluster(
            self,
            "aks",
            name=region.cluster.name,
            resource_group_name=region.cluster.resource_group,
            lifecycle=TerraformResourceLifecycle(postcondition=_conditions(region)),
        )
        self.id = cluster.id
        self.oidc_issuer_url = cluster.oidc_issuer_url
        access = cluster.kube_config.get(0)
        host, certificate = access.host, Fn.base64decode(access.cluster_ca_certificate)
        KubernetesProvider(
            self,
            "kubernetes",
            host=host,
            cluster_ca_certificate=certificate,
            exec=[KubernetesProviderExec(api_version=API_VERSION, command="kubelogin", args=LOGIN)],
        )
        HelmProvider(
            self,
            "helm",
            kubernetes=HelmProviderKubernetes(
                host=host,
                cluster_ca_certificate=certificate,
                exec=HelmProviderKubernetesExec(api_version=API_VERSION, command="kubelogin", args=LOGIN),
            ),
        )
        DataKubernetesMutatingWebhookConfigurationV1(
            self,
            "workload-identity",
            metadata=DataKubernetesMutatingWebhookConfigurationV1Metadata(name=WORKLOAD_IDENTITY_WEBHOOK),
            lifecycle=TerraformResourceLifecycle(postcondition=[WORKLOAD_IDENTITY]),
        )
        if region.cluster.host_name_policies:
            DataKubernetesNodes(
                self,
                "local-dns",
                metadata=DataKubernetesNodesMetadata(labels=LOCAL_DNS),
                lifecycle=TerraformResourceLifecycle(postcondition=[NO_LOCAL_DNS]),
            )
        self.disk_access, self.subnet_access = self._grant_control_plane(region, group)

    def _grant_control_plane(self, region: Region, group: Group) -> tuple[RoleAssignment, RoleAssignment]:
        """The control plane, not the kubelet, attaches disks and makes load balancers.

        Its identity is looked up by name: the cluster's own `identity.principal_id` is empty when user-assigned.
        """
        identity = DataAzurermUserAssignedIdentity(
            self,
            "control-plane",
            name=region.cluster.control_plane_identity,
            resource_group_name=region.cluster.control_plane_identity_resource_group,
        )
        principal_id = identity.principal_id
        role = DataAzurermRoleDefinition(
            self, "disk-role", name=DISK_ROLE, scope=f"/subscriptions/{region.subscription_id}"
        )
        subnet_access = RoleAssignment(
            self,
            "join-load-balancer-subnet",
            scope=f"{region.network.virtual_network_id}/subnets/{region.network.load_balancers.subnet_name}",
            role_definition_name="Network Contributor",
            principal_id=principal_id,
            principal_type="ServicePrincipal",
        )
        disk_access = RoleAssignment(
            self,
            "attach-disks",
            scope=group.id,
            role_definition_id=role.id,
            principal_id=principal_id,
            principal_type="ServicePrincipal",
        )
        return disk_access, subnet_access


WORKLOAD_IDENTITY = Postcondition(
    condition="${length(self.webhook) > 0}",
    error_message="The cluster must have workload identity enabled: az aks update --enable-workload-identity.",
)


NO_LOCAL_DNS = Postcondition(
    condition="${length(self.nodes) == 0}",
    error_message=(
        "No node may run LocalDNS while cluster.host_name_policies is true, since AKS has no policies by host name "
        'with it: set it to Disabled on ${join(", ", self.nodes[*].metadata[0].name)} (docs/network-policies.md).'
    ),
)


def _supported_kubernetes() -> Postcondition:
    """What a cluster runs, `current_kubernetes_version`, has a patch version that makes no difference."""
    supported = versions().kubernetes
    minors = ", ".join(f'"{minor}"' for minor in supported.minors)
    return Postcondition(
        condition=f'${{contains([{minors}], join(".", slice(split(".", self.current_kubernetes_version), 0, 2)))}}',
        error_message=(
            f"The cluster's Kubernetes must be {supported.oldest} to {supported.newest} ({VERSIONS}), "
            "got ${self.current_kubernetes_version}: az aks upgrade."
        ),
    )


def _conditions(region: Region) -> list[Postcondition]:
    """What must hold of the cluster before anything is built on it.

    The data source does not say whether local accounts are off; it lists an admin's credentials when they are on
    and the deployer may read them (`listClusterAdminCredential`).
    """
    engine, pods = region.cluster.network_policy_engine, region.network.pod_network
    return [
        _supported_kubernetes(),
        Postcondition(
            condition="${self.oidc_issuer_enabled}",
            error_message="The cluster must have its OIDC issuer enabled: az aks update --enable-oidc-issuer.",
        ),
        Postcondition(
            condition="${nonsensitive(length(self.kube_admin_config) == 0)}",
            error_message="The cluster must have local accounts disabled: az aks update --disable-local-accounts.",
        ),
        Postcondition(
            condition="${length(self.azure_active_directory_role_based_access_control) > 0}",
            error_message="The cluster must sign people in by Entra: az aks update --enable-aad --enable-azure-rbac.",
        ),
        Postcondition(
            condition=f'${{self.network_profile[0].network_policy == "{engine}"}}',
            error_message=f"The cluster must enforce network policies with {engine}, as the region's file says.",
        ),
        # empty where pods have addresses of the node's subnet
        Postcondition(
            condition=f'${{contains(["", "{pods}"], self.network_profile[0].pod_cidr)}}',
            error_message=f"The cluster's pods must have addresses in {pods}: the region's network.pod_network.",
        ),
    ]
