"""The base of all stacks: azurerm state backend, Terraform version, azurerm provider."""

from __future__ import annotations

from cdktf import AzurermBackend, LocalBackend, TerraformStack
from cdktf_cdktf_provider_azurerm.provider import (
    AzurermProvider,
    AzurermProviderFeatures,
    AzurermProviderFeaturesResourceGroup,
    AzurermProviderFeaturesStorage,
)

from constructs import Construct
from monitoring.fleet.model import TerraformState

REQUIRED_TERRAFORM = ">= 1.11.0, < 2.0.0"
"""Write-only arguments need 1.11."""


class BaseStack(TerraformStack):
    """A stack with a state of its own: a blob named after it, or (`local_state`) a file beside its JSON."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        state: TerraformState,
        tenant_id: str,
        subscription_id: str,
        local_state: bool,
    ) -> None:
        super().__init__(scope, name)
        self.add_override("terraform.required_version", REQUIRED_TERRAFORM)
        if local_state:
            # a relative path: cdktf's default would write this machine's into the JSON
            LocalBackend(self, path="terraform.tfstate")
        else:
            AzurermBackend(
                self,
                key=f"{name}.tfstate",
                subscription_id=state.subscription_id,
                resource_group_name=state.resource_group,
                storage_account_name=state.storage_account,
                container_name=state.container,
                tenant_id=tenant_id,
                use_azuread_auth=True,
            )
        azurerm_provider(self, "azurerm", tenant_id=tenant_id, subscription_id=subscription_id)


def azurerm_provider(
    scope: Construct, name: str, *, tenant_id: str, subscription_id: str, alias: str | None = None
) -> AzurermProvider:
    """The provider of a subscription; with an `alias` it is for the resources alone that name it."""
    return AzurermProvider(
        scope,
        name,
        alias=alias,
        subscription_id=subscription_id,
        tenant_id=tenant_id,
        resource_provider_registrations="none",  # the deployer need not be allowed to register any
        storage_use_azuread=True,
        features=[
            AzurermProviderFeatures(
                # without it, creating an account polls endpoints that a private account does not answer
                storage=[AzurermProviderFeaturesStorage(data_plane_available=False)],
                resource_group=[AzurermProviderFeaturesResourceGroup(prevent_deletion_if_contains_resources=True)],
            )
        ],
    )
