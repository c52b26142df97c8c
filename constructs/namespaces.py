"""The Kubernetes namespaces and the priority class of the monitoring pods."""

from __future__ import annotations

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_kubernetes.namespace_v1 import NamespaceV1, NamespaceV1Metadata
from cdktf_cdktf_provider_kubernetes.priority_class_v1 import PriorityClassV1, PriorityClassV1Metadata

from constructs import Construct
from monitoring.blueprint.components.model import NAMESPACE, NODE_NAMESPACE
from monitoring.blueprint.components.workloads import PRIORITY_CLASS

PRIORITY = 1_000_000
"""Above every ordinary workload (0), far below the system's own classes (2,000,000,000)."""


class Namespaces(Construct):
    """Two namespaces, by Pod Security level, and a PriorityClass; no quotas: they block surges and emergency growth.

    `monitoring`, `node` and `priority_class` are the resources: what lives in them, or by it, waits for them.
    """

    def __init__(self, scope: Construct, name: str) -> None:
        super().__init__(scope, name)
        self.monitoring = self._namespace("monitoring", NAMESPACE, level="restricted")
        self.node_exporter = self._namespace("monitoring-node", NODE_NAMESPACE, level="privileged")
        self.priority_class = PriorityClassV1(
            self,
            "priority-class",
            metadata=PriorityClassV1Metadata(name=PRIORITY_CLASS),
            description="Monitoring must see an outage, so it is evicted after what it watches.",
            value=PRIORITY,
        )

    def _namespace(self, construct: str, name: str, *, level: str) -> NamespaceV1:
        security = {f"pod-security.kubernetes.io/{mode}": level for mode in ("enforce", "audit", "warn")}
        return NamespaceV1(
            self,
            construct,
            metadata=NamespaceV1Metadata(name=name, labels=security),
            # Every claim goes with its namespace, the ones that Terraform never saw too.
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True),
        )
