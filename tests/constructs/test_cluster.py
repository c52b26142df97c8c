"""The cluster is read and checked, never made."""

from __future__ import annotations

import pytest

from tests.constructs.synthesized import ZONES, Resource, by_name, data, fleet, only, region_stack, synthesize

KIND = "azurerm_kubernetes_cluster"


@pytest.fixture(scope="module")
def conditions() -> dict[str, str]:
    """Conditions by error message."""
    checks = data(region_stack(ZONES), KIND)["lifecycle"]["postcondition"]
    return {check["error_message"]: check["condition"] for check in checks}


def condition(conditions: dict[str, str], words: str) -> str:
    (found,) = [text for message, text in conditions.items() if words in message]
    return found


def test_the_cluster_is_a_data_source() -> None:
    assert data(region_stack(ZONES), KIND)["name"] == "aks-trial-alpha"
    assert KIND not in region_stack(ZONES)["resource"]


def test_local_accounts_are_refused(conditions: dict[str, str]) -> None:
    assert condition(conditions, "local accounts") == "${nonsensitive(length(self.kube_admin_config) == 0)}"


def test_a_cluster_without_entra_is_refused(conditions: dict[str, str]) -> None:
    assert "self.azure_active_directory_role_based_access_control" in condition(conditions, "Entra")


def test_a_missing_oidc_issuer_is_refused(conditions: dict[str, str]) -> None:
    assert condition(conditions, "OIDC issuer") == "${self.oidc_issuer_enabled}"


@pytest.mark.parametrize("engine", ["cilium", "calico", "azure"])
def test_another_network_policy_engine_than_the_region_says_or_none_is_refused(engine: str) -> None:
    region = fleet().region(ZONES)
    region = region.model_copy(update={"cluster": region.cluster.model_copy(update={"network_policy_engine": engine})})
    checks = data(synthesize(region), KIND)["lifecycle"]["postcondition"]
    assert [check["condition"] for check in checks if "network policies" in check["error_message"]] == [
        f'${{self.network_profile[0].network_policy == "{engine}"}}'
    ]


def test_another_pod_network_than_the_region_says_is_refused(conditions: dict[str, str]) -> None:
    pods = fleet().region(ZONES).network.pod_network
    assert condition(conditions, "pod_network") == f'${{contains(["", "{pods}"], self.network_profile[0].pod_cidr)}}'


def test_a_cluster_without_workload_identity_is_refused() -> None:
    webhook = data(region_stack(ZONES), "kubernetes_mutating_webhook_configuration_v1")
    assert webhook["metadata"]["name"] == "azure-wi-webhook-mutating-webhook-configuration"
    assert [check["condition"] for check in webhook["lifecycle"]["postcondition"]] == ["${length(self.webhook) > 0}"]


def logins() -> list[Resource]:
    provider = region_stack(ZONES)["provider"]
    return [provider["kubernetes"][0]["exec"][0], provider["helm"][0]["kubernetes"]["exec"]]


def test_helm_and_kubernetes_sign_in_by_kubelogin_in_the_same_way() -> None:
    kubernetes, helm = logins()
    assert kubernetes == helm
    assert kubernetes["command"] == "kubelogin"


def test_logins_pass_arguments_and_no_environment_whose_keys_the_bindings_would_change() -> None:
    assert all("env" not in login for login in logins())


def test_a_pipeline_may_override_the_login_of_a_person() -> None:
    """AAD_LOGIN_METHOD wins over --login, unless the override is switched off."""
    for login in logins():
        assert login["args"][:3] == ["get-token", "--login", "azurecli"]
        assert "--disable-environment-override" not in login["args"]


def test_the_providers_take_address_and_root_from_the_data_source_and_no_credential() -> None:
    provider = region_stack(ZONES)["provider"]
    for configured in (provider["kubernetes"][0], provider["helm"][0]["kubernetes"]):
        assert configured.keys() == {"host", "cluster_ca_certificate", "exec"}
        assert configured["host"].startswith("${data.azurerm_kubernetes_cluster.")


def grants() -> dict[str, Resource]:
    """The control plane's role assignments by scope."""
    assignments = region_stack(ZONES)["resource"]["azurerm_role_assignment"].values()
    principal = "${data.azurerm_user_assigned_identity.cluster_control-plane"
    return {body["scope"]: body for body in assignments if body["principal_id"].startswith(principal)}


def test_the_control_plane_identity_is_looked_up_by_name() -> None:
    assert data(region_stack(ZONES), "azurerm_user_assigned_identity")["name"] == "id-aks-trial-alpha"


def test_the_control_plane_may_attach_disks_of_the_regions_group_by_the_custom_role() -> None:
    grant = grants()["${azurerm_resource_group.resource-group.id}"]
    assert grant["role_definition_id"].startswith("${data.azurerm_role_definition.")
    assert data(region_stack(ZONES), "azurerm_role_definition")["name"] == "Oversight monitoring disk attach"


def test_the_control_plane_may_join_the_load_balancers_subnet_and_no_other() -> None:
    (subnet,) = [scope for scope in grants() if "/subnets/" in scope]
    assert subnet.endswith("/virtualNetworks/vnet-alpha/subnets/balancers")
    assert grants()[subnet]["role_definition_name"] == "Network Contributor"
    assert len(grants()) == 2


def test_volumes_wait_for_the_right_to_attach_their_disks() -> None:
    for volume in by_name(region_stack(ZONES), "kubernetes_persistent_volume_v1").values():
        assert [address for address in volume["depends_on"] if "attach-disks" in address]


def test_the_resource_group_cannot_be_destroyed() -> None:
    assert only(region_stack(ZONES), "azurerm_resource_group")["lifecycle"] == {"prevent_destroy": True}
