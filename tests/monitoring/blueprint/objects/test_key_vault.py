"""What the Secrets Store CSI driver is told: names of secrets, and nothing that opens the vault."""

from __future__ import annotations

from typing import Any

import yaml

from monitoring.blueprint.objects import key_vault
from monitoring.fleet import Region


def test_secret_provider_class_has_secret_names_and_the_regions_vault(zoned: Region) -> None:
    parameters = key_vault.secret_provider_class("trial", zoned, ("one", "two"))["spec"]["parameters"]
    assert (parameters["keyvaultName"], parameters["tenantId"]) == (zoned.key_vault.name, zoned.tenant_id)
    objects = [yaml.safe_load(text) for text in yaml.safe_load(parameters["objects"])["array"]]
    assert objects == [{"objectName": name, "objectType": "secret"} for name in ("one", "two")]


def test_client_id_has_a_placeholder_for_terraform(zoned: Region) -> None:
    found: Any = key_vault.secret_provider_class("trial", zoned, ("one",))
    for key in key_vault.CLIENT_ID.split("."):
        found = found[key]
    assert found == "set-by-terraform"


def test_a_pod_mounts_the_class_read_only(zoned: Region) -> None:
    made = key_vault.secret_provider_class("trial", zoned, ("one",))
    volume = key_vault.volume("trial")
    assert volume["csi"]["volumeAttributes"]["secretProviderClass"] == made["metadata"]["name"]
    assert volume["csi"]["readOnly"] is key_vault.mount()["readOnly"] is True
    assert volume["name"] == key_vault.mount()["name"]
