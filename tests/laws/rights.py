"""What must hold of the rights in rendered objects; each law says what is wrong with a record."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from monitoring.blueprint.components.model import Component
from monitoring.blueprint.values.manifests import PodSpec, restricted_faults

Row = Mapping[str, Any]
Account = tuple[str, str]
"""Namespace and name of a ServiceAccount."""

READING = frozenset({"get", "list", "watch", "*"})


def pods(record: Sequence[Row]) -> list[Row]:
    """The rows that make pods."""
    return [row for row in record if "pod" in row]


def account(row: Row) -> Account:
    """The account of a row's pods."""
    return row["namespace"], row["service_account"] or "default"


def mounts_token(row: Row, access: Sequence[Row], *, terraforms: Collection[Account]) -> bool:
    """Whether the pods hold a token for the API server: the pod's own word, else its account's, else Kubernetes' yes.

    `terraforms` are the accounts that Terraform makes, none of which mounts a token by itself.
    """
    pod = row["pod"]
    sources = [source for volume in pod["volumes"] for source in volume.get("projected", {}).get("sources", ())]
    if any("serviceAccountToken" in source and "audience" not in source["serviceAccountToken"] for source in sources):
        return True
    if pod.get("automountServiceAccountToken") is not None:
        return bool(pod["automountServiceAccountToken"])
    said = {
        (one["namespace"], one["name"]): one.get("automountServiceAccountToken", True)
        for one in access
        if one["kind"] == "ServiceAccount"
    }
    return bool(said.get(account(row), account(row) not in terraforms))


def token_faults(
    record: Sequence[Row], access: Sequence[Row], *, callers: Collection[Account], terraforms: Collection[Account]
) -> Iterator[str]:
    """Pods with a token that call no API server, and callers without one; `callers` have a flow to the API server."""
    for row in pods(record):
        mounted = mounts_token(row, access, terraforms=terraforms)
        if mounted and account(row) not in callers:
            yield f"{row['name']}: mounts a token, and has no flow to the API server"
        if not mounted and account(row) in callers:
            yield f"{row['name']}: has a flow to the API server, and no token"


def confinement_faults(record: Sequence[Row]) -> Iterator[str]:
    """Pods that do not fit Pod Security `restricted`, or may write to their root file system."""
    for row in pods(record):
        pod = PodSpec(path=row["name"], spec=row["pod"], operated=False)
        if not row["pod"]["containers"]:
            yield f"{row['name']}: has no container"
        yield from restricted_faults(pod, namespace=row["namespace"])


def spread_faults(record: Sequence[Row], components: Collection[Component]) -> Iterator[str]:
    """Workloads of several replicas without a constraint that keeps just these apart."""
    labels = {(one.namespace, one.service_account): one.labels for one in components}
    for row in pods(record):
        own = {**labels.get(account(row), {}), **row["labels"]}
        if row["replicas"] > 1 and not any(_selects(constraint, own) for constraint in row["pod"]["spread"]):
            yield f"{row['name']}: {row['replicas']} replicas may share one node"


def _selects(constraint: Row, labels: Mapping[str, str]) -> bool:
    if constraint.get("additionalLabelSelectors") == "OnResource":  # prometheus-operator fills in the pods' labels
        return True
    wanted = (constraint.get("labelSelector") or {}).get("matchLabels") or {}
    return bool(wanted) and wanted.items() <= labels.items()


def secret_faults(access: Sequence[Row], *, reasons: Mapping[str, str]) -> Iterator[str]:
    """Roles that read Secrets and are not among `reasons`, by kind and name."""
    for role in access:
        if role["kind"] not in {"Role", "ClusterRole"}:
            continue
        name = f"{role['kind']}/{role['name']}"
        if "aggregationRule" in role:
            yield f"{name}: collects rules that are not in the record"
        if any(_reads_secrets(rule) for rule in role.get("rules") or ()) and name not in reasons:
            yield f"{name}: reads Secrets"


def _reads_secrets(rule: Row) -> bool:
    def has(key: str, *values: str) -> bool:
        return not {*values, "*"}.isdisjoint(rule.get(key) or ())

    return has("apiGroups", "") and has("resources", "secrets") and not READING.isdisjoint(rule.get("verbs") or ())


def binding_faults(access: Sequence[Row], *, callers: Collection[Account]) -> Iterator[str]:
    """Bindings of roles that are not in the record, and of others than accounts that call the API server."""
    roles = {(one["kind"], one["namespace"], one["name"]) for one in access}
    for binding in access:
        if not binding["kind"].endswith("Binding"):
            continue
        title = f"{binding['kind']}/{binding['name']}"
        role = binding["roleRef"]
        namespace = "" if role["kind"] == "ClusterRole" else binding["namespace"]
        if (role["kind"], namespace, role["name"]) not in roles:
            yield f"{title}: binds {role['kind']}/{role['name']}, which is not in the record"
        for subject in binding.get("subjects") or ():
            if subject["kind"] != "ServiceAccount" or (subject.get("namespace"), subject["name"]) not in callers:
                yield f"{title}: {subject['kind']} {subject['name']} has no flow to the API server"
