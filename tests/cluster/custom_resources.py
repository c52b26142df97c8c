"""The custom resources that a cluster has before ours: those of AKS' add-ons, of Cilium, cert-manager, Gateway API.

Their definitions come with their Go modules (tools/crds/go.mod), so what we make of them meets their own schemas.
"""

from __future__ import annotations

from tests.cluster.go_modules import yaml_documents
from tests.cluster.kubectl import Cluster, Object

FOLDERS = {
    "github.com/cert-manager/cert-manager": ("deploy/crds",),
    "github.com/cilium/cilium": ("pkg/k8s/apis/cilium.io/client/crds/v2",),
    "sigs.k8s.io/gateway-api": ("config/crd/standard",),
}
"""Where each module has its definitions."""

SECRET_PROVIDER_CLASS: Object = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "secretproviderclasses.secrets-store.csi.x-k8s.io"},
    "spec": {
        "group": "secrets-store.csi.x-k8s.io",
        "scope": "Namespaced",
        "names": {"kind": "SecretProviderClass", "plural": "secretproviderclasses"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "required": ["spec"],
                        "properties": {
                            "spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                        },
                    }
                },
            }
        ],
    },
}
"""Ours, without their schema: the driver's Go module is not in every module proxy."""


def install(cluster: Cluster) -> None:
    """Make those definitions that the cluster lacks, and wait until they are served."""
    known = {one["metadata"]["name"] for one in cluster.objects("customresourcedefinitions")}
    wanted = {one["metadata"]["name"]: one for one in [*_definitions(), SECRET_PROVIDER_CLASS]}
    missing = [one for name, one in wanted.items() if name not in known]
    cluster.apply(missing)
    names = [f"customresourcedefinition/{one['metadata']['name']}" for one in missing]
    if names:
        cluster.kubectl("wait", "--for=condition=Established", "--timeout=60s", *names)


def _definitions() -> list[Object]:
    return [one for one in yaml_documents("crds", FOLDERS) if one and one["kind"] == "CustomResourceDefinition"]
