"""What other controllers of the cluster do, as far as ours wait for it: disks, certificates, secrets of Key Vault."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from monitoring.local.authorities import issue
from tests.cluster.kubectl import Cluster, Object

DRIVER = "disk.csi.azure.com"
WEBHOOK = "azure-wi-webhook-mutating-webhook-configuration"
"""Of workload identity. The stack asks whether it is there."""

MARK = "test.oversight.internal/stand-in"
"""Label of the Secrets that are made here."""

PAUSE = 1
"""Seconds between two looks."""


@contextmanager
def standing_in(cluster: Cluster) -> Iterator[None]:
    """While the block lasts, disks and Secrets that objects ask for are made; its end tells what went wrong."""
    over = threading.Event()
    faults: list[Exception] = []

    def work() -> None:
        try:
            while not over.wait(PAUSE):
                _look(cluster)
        except Exception as fault:
            faults.append(fault)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    if faults:
        raise faults[0]


def _look(cluster: Cluster) -> None:
    found = cluster.objects(
        "secrets",
        "persistentvolumeclaims",
        "storageclasses",
        "nodes",
        "persistentvolumes",
        "certificates.cert-manager.io",
        "secretproviderclasses.secrets-store.csi.x-k8s.io",
    )
    there = {(one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"]) for one in found}
    wanted = [*secrets(found), *disks(found)]
    cluster.apply(
        one for one in wanted if (one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"]) not in there
    )


def secrets(found: Iterable[Object]) -> Iterator[Object]:
    """The Secret of each Certificate, as cert-manager writes it, and those that the Key Vault driver keeps."""
    root = issue("stand-in", authority=True)
    for one in found:
        namespace, spec = one["metadata"].get("namespace"), one.get("spec", {})
        if one["kind"] == "Certificate":
            made = issue(spec["secretName"], by=root, names=spec["dnsNames"])
            data = {"tls.crt": made.chain, "tls.key": made.key_pem, "ca.crt": root.pem}
            yield _secret(spec["secretName"], namespace, data, kind="kubernetes.io/tls")
        if one["kind"] == "SecretProviderClass":
            for kept in spec.get("secretObjects", ()):
                data = {row["key"]: "from-key-vault" for row in kept["data"]}
                yield _secret(kept["secretName"], namespace, data, kind=kept["type"])


def _secret(name: str, namespace: str, data: dict[str, str], *, kind: str) -> Object:
    encoded = {key: base64.b64encode(text.encode()).decode() for key, text in data.items()}
    metadata = {"name": name, "namespace": namespace, "labels": {MARK: ""}}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": kind, "data": encoded}


def made_by_stand_ins(one: Object) -> bool:
    """Whether a Secret would be cert-manager's or the Key Vault driver's."""
    return one["kind"] == "Secret" and MARK in one["metadata"].get("labels", {})


def disks(found: Iterable[Object]) -> Iterator[Object]:
    """A volume for each claim that the scheduler has given a node, in that node's zone."""
    items = list(found)
    classes = {one["metadata"]["name"]: one for one in items if one["kind"] == "StorageClass"}
    zones = {
        one["metadata"]["name"]: one["metadata"]["labels"].get(f"topology.{DRIVER}/zone")
        for one in items
        if one["kind"] == "Node"
    }
    for one in items:
        if one["kind"] != "PersistentVolumeClaim" or one["status"]["phase"] != "Pending":
            continue
        node = one["metadata"].get("annotations", {}).get("volume.kubernetes.io/selected-node")
        of = classes.get(one["spec"].get("storageClassName", ""))
        if node and of and of["provisioner"] == DRIVER:
            yield _disk(one, of, zone=zones[node])


def _disk(claim: Object, of: Object, *, zone: str | None) -> Object:
    name = f"pvc-{claim['metadata']['uid']}"
    place: dict[str, Any] = {"key": f"topology.{DRIVER}/zone", "operator": "In", "values": [zone]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "annotations": {"pv.kubernetes.io/provisioned-by": DRIVER}},
        "spec": {
            "accessModes": claim["spec"]["accessModes"],
            "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
            "storageClassName": of["metadata"]["name"],
            "persistentVolumeReclaimPolicy": of["reclaimPolicy"],
            "claimRef": {
                "kind": "PersistentVolumeClaim",
                "apiVersion": "v1",
                "name": claim["metadata"]["name"],
                "namespace": claim["metadata"]["namespace"],
                "uid": claim["metadata"]["uid"],
            },
            "csi": {"driver": DRIVER, "volumeHandle": name},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [place]}]}},
        },
    }


def workload_identity() -> Object:
    """The webhook of AKS, which lets everything pass."""
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": WEBHOOK},
        "webhooks": [
            {
                "name": "mutation.azure-workload-identity.io",
                "clientConfig": {"url": "https://127.0.0.1:1/"},
                "failurePolicy": "Ignore",
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
                "rules": [],
            }
        ],
    }
