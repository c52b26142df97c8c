"""What is safe, once: the laws hold every stack to this table, and a review names what a change takes out of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from monitoring.blueprint.capacity.node_pools import SURGE
from monitoring.effective.facts import FactKey, Facts, Kind


class Stake(StrEnum):
    """What an unsafe value puts at stake."""

    DATA = "data loss"
    WAYS = "exposure"
    UPTIME = "downtime"


@dataclass(frozen=True, kw_only=True)
class Safe:
    """A value that is safe. `subject` and `path` are patterns; without `values` it is any, but it must be there.

    `required`: whoever has the subject must say it, since what stands for nothing is not safe. `absent`: what stands
    for nothing is safe, so that taking it away is no risk.
    """

    stake: Stake
    kind: Kind
    subject: str
    path: str
    values: tuple[object, ...] = ()
    required: bool = False
    absent: bool = False
    why: str

    def about(self, key: FactKey) -> bool:
        """Whether a place is one of those."""
        return (
            key.kind is self.kind
            and re.fullmatch(self.path, key.path) is not None
            and re.fullmatch(self.subject, key.subject) is not None
        )

    def keeps(self, value: object) -> bool:
        """Whether a value that is there is safe; 1 is not true."""
        return not self.values or any(value == one and type(value) is type(one) for one in self.values)


STATEFUL = (
    "azurerm_data_protection_backup_vault",
    "azurerm_managed_disk",
    "azurerm_resource_group",
    "azurerm_storage_account",
    "azurerm_storage_container",
    "kubernetes_namespace_v1",
    "kubernetes_persistent_volume_claim_v1",
    "kubernetes_persistent_volume_v1",
)
"""Types whose loss is a loss of data (a resource group or a namespace takes everything in it along)."""

INTERNAL = "service.beta.kubernetes.io/azure-load-balancer-internal"
"""Without this annotation Azure gives a Service of the type LoadBalancer a public address."""

_ACCOUNT = "azurerm_storage_account"
_DISK = "azurerm_managed_disk"
_POOL = "azurerm_kubernetes_cluster_node_pool"
_CLASS = "kubernetes_storage_class_v1"
_DNS = "azurerm_private_dns_zone_virtual_network_link"
_SECURITY = "metadata.labels.pod-security.kubernetes.io/enforce"
_PUBLIC = "it answers to the internet"
_KEYS = "who has a key needs no identity"
_GONE = "a claim takes its disk along"
_MADE_ONCE = "a disk is replaced where it is to come from another snapshot"
_READ = "it can be read on the way"
_DRAIN = "a drain may take all replicas at once"

_Row = tuple[Stake, str, str, tuple[object, ...], str]

_RESOURCES: tuple[_Row, ...] = (
    (Stake.DATA, "|".join(STATEFUL), "lifecycle.prevent_destroy", (True,), "the next mistake is carried out"),
    (Stake.DATA, _DISK, "lifecycle.ignore_changes[create_option]", (True,), _MADE_ONCE),
    (Stake.DATA, _DISK, "lifecycle.ignore_changes[source_resource_id]", (True,), _MADE_ONCE),
    (Stake.DATA, _ACCOUNT, "blob_properties.delete_retention_policy.days", (), "a deleted block is gone at once"),
    (Stake.DATA, _ACCOUNT, "blob_properties.container_delete_retention_policy.days", (), "as for its blocks"),
    (Stake.DATA, _CLASS, "reclaim_policy", ("Retain",), _GONE),
    (Stake.DATA, "kubernetes_persistent_volume_v1", "spec[0].persistent_volume_reclaim_policy", ("Retain",), _GONE),
    (Stake.WAYS, _ACCOUNT, "public_network_access_enabled", (False,), _PUBLIC),
    (Stake.WAYS, _ACCOUNT, "allow_nested_items_to_be_public", (False,), _PUBLIC),
    (Stake.WAYS, _ACCOUNT, "shared_access_key_enabled", (False,), _KEYS),
    (Stake.WAYS, _ACCOUNT, "local_user_enabled", (False,), _KEYS),
    (Stake.WAYS, _ACCOUNT, "default_to_oauth_authentication", (True,), _KEYS),
    (Stake.WAYS, _ACCOUNT, "cross_tenant_replication_enabled", (False,), "another tenant may copy it"),
    (Stake.WAYS, _ACCOUNT, "https_traffic_only_enabled", (True,), _READ),
    (Stake.WAYS, _ACCOUNT, "infrastructure_encryption_enabled", (True,), "one key less between a disk and its reader"),
    (Stake.WAYS, _ACCOUNT, "min_tls_version", ("TLS1_2", "TLS1_3"), _READ),
    (Stake.WAYS, "azurerm_storage_container", "container_access_type", ("private",), _PUBLIC),
    (Stake.WAYS, _DISK, "public_network_access_enabled", (False,), _PUBLIC),
    (Stake.WAYS, _DISK, "network_access_policy", ("DenyAll",), "it can be exported"),
    (Stake.WAYS, f"{_CLASS} storage-classes/dynamic", "parameters.networkAccessPolicy", ("DenyAll",), "as for disks"),
    (Stake.WAYS, _POOL, "node_public_ip_enabled", (False,), _PUBLIC),
    (Stake.WAYS, _POOL, "host_encryption_enabled", (True,), "a host's own disks and caches can be read"),
    (Stake.WAYS, "kubernetes_service_v1", f"metadata.annotations.{INTERNAL}", ("true",), _PUBLIC),
    (Stake.WAYS, "kubernetes_service_account_v1", "automount_service_account_token", (False,), "pods may ask the API"),
    (Stake.WAYS, "kubernetes_namespace_v1 namespaces/monitoring", _SECURITY, ("restricted",), "pods may have rights"),
    (Stake.UPTIME, _POOL, "upgrade_settings.drain_timeout_in_minutes", (), "an ingestor is cut off as it writes"),
    (Stake.UPTIME, _POOL, "upgrade_settings.undrainable_node_behavior", ("Cordon",), "the next node goes too early"),
    (Stake.UPTIME, _POOL, "upgrade_settings.max_surge", (str(SURGE),), "several nodes go at once"),
    (Stake.UPTIME, _POOL, "node_taints[workload=monitoring:NoSchedule]", (True,), "others take the nodes' room"),
)
"""Types (or one resource), attribute, safe values, and what happens else. Each of those resources must say it."""

_VALUES: tuple[_Row, ...] = (
    (Stake.DATA, ".*", r".*persistentVolumeClaimRetentionPolicy\.when\w+", ("Retain",), _GONE),
    (Stake.DATA, "thanos", r"(compact|receive\.ingestor|storeGateway)\.persistence\.enabled", (True,), _GONE),
    (Stake.WAYS, ".*", r".*minVersion|.*\[--.*tls-min-version\]", ("TLS13", "VersionTLS13"), "older TLS can be forced"),
    (Stake.WAYS, ".*", r".*clientAuthType", ("RequireAndVerifyClientCert",), "nobody is asked for a certificate"),
    (Stake.WAYS, ".*", r".*\.allowPrivilegeEscalation|.*ontext\.privileged", (False,), "a process may get more rights"),
    (Stake.WAYS, "oauth2-proxy", r"extraArgs\[--cookie-secure\]", ("true",), _READ),
    (Stake.WAYS, "oauth2-proxy", r"extraArgs\[--display-htpasswd-form\]", ("false",), "people may use a password"),
    (Stake.WAYS, "oauth2-proxy", r"alphaConfig\.enabled", (True,), "the list of open paths is not read"),
    (Stake.UPTIME, "oauth2-proxy", r"podDisruptionBudget\.enabled", (True,), _DRAIN),
    (Stake.UPTIME, "thanos-global", r"query(Frontend)?\.podDisruptionBudget\.enabled", (True,), _DRAIN),
    (
        *(Stake.UPTIME, "thanos", r"(query|queryFrontend|receive\.\w+|storeGateway)\.podDisruptionBudget\.enabled"),
        *((True,), _DRAIN),
    ),
    (
        *(Stake.UPTIME, "kube-prometheus-stack"),
        r"(alertmanager|prometheus|prometheusOperator\.admissionWebhooks\.deployment)\.podDisruptionBudget\.enabled",
        *((True,), _DRAIN),
    ),
    (
        *(Stake.WAYS, "kube-prometheus-stack"),
        r"(alertmanager\.alertmanagerSpec|prometheusOperator\.admissionWebhooks\.deployment)\.automountServiceAccountToken",
        *((False,), "pods may ask the API"),
    ),
    (
        *(Stake.WAYS, ".*"),
        r"(?!.*(initChownData|permissionInitContainer)).*ontext\.(runAsNonRoot|readOnlyRootFilesystem)",  # both are off
        *((True,), "a process may get more rights"),
    ),
)
"""Releases, paths, safe values, and what happens else, wherever they are said."""

_SWITCHES: tuple[_Row, ...] = (
    (Stake.WAYS, ".*", r".*(enableAdminAPI|enableRemoteWriteReceiver)", (False,), "samples can be deleted or written"),
    (
        *(Stake.WAYS, ".*"),
        r"(?!kubelet\.).*(insecureSkipVerify|insecure_skip_verify)",  # a kubelet's certificate is its own
        *((False,), "anybody can answer instead"),
    ),
)
"""The same, and safe where nothing is said."""

_SETTINGS: tuple[_Row, ...] = (
    (Stake.DATA, "providers", r"azurerm.*\.prevent_deletion_if_contains_resources", (True,), "others' things go along"),
    (Stake.WAYS, "providers", r"azurerm.*\.storage_use_azuread", (True,), _KEYS),
)


def _rows(kind: Kind, rows: tuple[_Row, ...], *, required: bool = False, absent: bool = False) -> Iterator[Safe]:
    for stake, subject, path, values, why in rows:
        whose, place = subject, path
        if kind is Kind.RESOURCE:
            whose, place = subject if " " in subject else f"({subject}) .*", re.escape(path)
        yield Safe(
            stake=stake, kind=kind, subject=whose, path=place, values=values, required=required, absent=absent, why=why
        )


SAFE_VALUES = (
    *_rows(Kind.RESOURCE, _RESOURCES, required=True),
    *_rows(
        Kind.RESOURCE, ((Stake.WAYS, _DNS, "registration_enabled", (False,), "machines name themselves"),), absent=True
    ),
    *_rows(Kind.VALUE, _VALUES),
    *_rows(Kind.VALUE, _SWITCHES, absent=True),
    *_rows(Kind.OBJECT, ((Stake.WAYS, "Service/.*", r"spec\.type", ("ClusterIP",), _PUBLIC),), absent=True),
    *_rows(
        Kind.OBJECT,
        ((Stake.WAYS, "ServiceAccount/.*", "automountServiceAccountToken", (False,), "pods may ask the API"),),
        required=True,
    ),
    *_rows(Kind.SETTING, _SETTINGS),
)


def unsafe(key: FactKey, value: object) -> bool:
    """Whether the table knows a value and refuses it."""
    return any(safe.about(key) and not safe.keeps(value) for safe in SAFE_VALUES)


def violations(facts: Facts) -> Iterator[str]:
    """What of a stack is not as the table says, one sentence each."""
    subjects = {key for key in facts if not key.path or key.kind is Kind.SETTING}
    for safe in SAFE_VALUES:
        found = [key for key in facts if safe.about(key)]
        for key in found:
            if not safe.keeps(facts[key]):
                wanted = " or ".join(map(repr, safe.values))
                yield f"{key.subject} {key.path} must be {wanted}, got {facts[key]!r}: else {safe.why}"
        said = {key.subject for key in found}
        for subject in sorted({key.subject for key in subjects if key.kind is safe.kind} - said):
            if safe.required and re.fullmatch(safe.subject, subject):
                yield f"{subject} must say {safe.path}: else {safe.why}"
