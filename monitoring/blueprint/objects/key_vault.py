"""SecretProviderClasses: Key Vault secrets mounted as files by the Secrets Store CSI driver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from monitoring.blueprint.components.model import NAMESPACE
from monitoring.fleet.model import Region

FOLDER = "/mnt/key-vault"
"""Where pods have them: each file has the secret's name."""

CLIENT_ID = "spec.parameters.clientID"
"""The path that Terraform fills in: the driver takes the identity's client id from here, not from the account."""


def secret_provider_class(
    name: str, region: Region, secrets: Sequence[str], *, synced_to: str | None = None
) -> dict[str, Any]:
    """The SecretProviderClass by which pods mount `secrets`, the names of secrets in the region's vault.

    The pod's workload identity needs `Grant.SECRETS_READ` on each. `synced_to` names a Kubernetes Secret that has
    them too, for as long as a pod mounts the class: for a chart that can mount nothing else.
    """
    synced = {
        "secretName": synced_to,
        "type": "Opaque",
        "data": [{"objectName": secret, "key": secret} for secret in secrets],
    }
    objects = [yaml.safe_dump({"objectName": secret, "objectType": "secret"}) for secret in secrets]
    return {
        "apiVersion": "secrets-store.csi.x-k8s.io/v1",
        "kind": "SecretProviderClass",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "provider": "azure",
            "parameters": {
                "clientID": "set-by-terraform",
                "keyvaultName": region.key_vault.name,
                "tenantId": region.tenant_id,
                "objects": yaml.safe_dump({"array": objects}, default_style="|"),
            },
            **({"secretObjects": [synced]} if synced_to else {}),
        },
    }


def volume(secret_provider_class_name: str) -> dict[str, Any]:
    """The pod's volume. A pod does not start while one of the secrets is missing in the vault."""
    return {
        "name": "key-vault",
        "csi": {
            "driver": "secrets-store.csi.k8s.io",
            "readOnly": True,
            "volumeAttributes": {"secretProviderClass": secret_provider_class_name},
        },
    }


def mount() -> Mapping[str, Any]:
    """Where a container has the volume."""
    return {"name": "key-vault", "mountPath": FOLDER, "readOnly": True}
