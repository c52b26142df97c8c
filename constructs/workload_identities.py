"""Azure workload identities, each federated with one Kubernetes ServiceAccount."""

from __future__ import annotations

from cdktf import ITerraformDependable
from cdktf_cdktf_provider_azurerm.federated_identity_credential import FederatedIdentityCredential
from cdktf_cdktf_provider_azurerm.role_assignment import RoleAssignment
from cdktf_cdktf_provider_azurerm.user_assigned_identity import UserAssignedIdentity
from cdktf_cdktf_provider_kubernetes.service_account_v1 import ServiceAccountV1, ServiceAccountV1Metadata

from constructs import Construct
from constructs.cluster import Cluster
from constructs.group import Group
from constructs.namespaces import Namespaces
from constructs.object_store import ObjectStore
from monitoring.blueprint.components.model import Component, Grant
from monitoring.blueprint.components.names import azure_name, identity_name
from monitoring.blueprint.components.of_region import components_of
from monitoring.blueprint.components.workloads import SIGN_IN
from monitoring.fleet.model import Region

AUDIENCE = "api://AzureADTokenExchange"


class WorkloadIdentities(Construct):
    """One identity per component with grants; Terraform makes the ServiceAccount too.

    So no Terraform token enters Helm values. `client_ids` holds each identity's client id (a reference) by
    component name; `ready` is what releases must wait for: accounts, credentials, grants.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        region: Region,
        group: Group,
        cluster: Cluster,
        store: ObjectStore,
        namespaces: Namespaces,
    ) -> None:
        super().__init__(scope, name)
        self._region, self._group, self._cluster, self._store = region, group, cluster, store
        self._namespaces = namespaces
        self.client_ids: dict[str, str] = {}
        self.ready: list[ITerraformDependable] = []
        for component in components_of(region):
            if component.grants:
                self._identity(component)

    def _identity(self, component: Component) -> None:
        identity = UserAssignedIdentity(
            self,
            component.name,
            name=identity_name(self._region, component.name),
            resource_group_name=self._group.name,
            location=self._region.location,
            tags=dict(self._region.tags),
        )
        credential = FederatedIdentityCredential(
            self,
            f"{component.name}-credential",
            name=azure_name("federated credential", component.name, self._region.name),
            resource_group_name=self._group.name,
            parent_id=identity.id,
            issuer=self._cluster.oidc_issuer_url,
            subject=f"system:serviceaccount:{component.namespace}:{component.service_account}",
            audience=[AUDIENCE],
        )
        self.ready.append(credential)
        client_id, principal_id = identity.client_id, identity.principal_id
        self.client_ids[component.name] = client_id
        for grant in component.grants:
            for target, scope in self._scopes(component, grant).items():
                self.ready.append(
                    RoleAssignment(
                        self,
                        f"{component.name}-{target}",
                        scope=scope,
                        role_definition_name=grant.value,
                        principal_id=principal_id,
                        principal_type="ServicePrincipal",
                    )
                )
        self.ready.append(
            ServiceAccountV1(
                self,
                f"{component.name}-account",
                metadata=ServiceAccountV1Metadata(
                    name=component.service_account,
                    namespace=component.namespace,
                    labels=dict(component.labels),
                    annotations={
                        # people's sign-in is the Entra application's business, not the managed identity's
                        "azure.workload.identity/client-id": self._region.access.client_id
                        if component is SIGN_IN
                        else client_id,
                        "azure.workload.identity/tenant-id": self._region.tenant_id,
                    },
                ),
                automount_service_account_token=False,
                depends_on=[self._namespaces.monitoring],
            )
        )

    def _scopes(self, component: Component, grant: Grant) -> dict[str, str]:
        """As narrow as Azure allows: the one container, the single secrets, the machines' resource group."""
        subscription = f"/subscriptions/{self._region.subscription_id}"
        if grant is Grant.SECRETS_READ:
            vault = self._region.key_vault
            prefix = (
                f"{subscription}/resourceGroups/{vault.resource_group}/providers/Microsoft.KeyVault/vaults/{vault.name}"
            )
            return {secret: f"{prefix}/secrets/{secret}" for secret in component.secrets(self._region)}
        if grant is Grant.MACHINES_READ:
            return {"machines": f"{subscription}/resourceGroups/{self._region.azure_vms.resource_group}"}
        return {"container": self._store.container_id}
