"""Inhibition rules: an alert is muted while an alert of wider scope fires."""

from __future__ import annotations

from typing import Any

from monitoring.fleet.model import Region

WATCHDOG = "Watchdog"
INFO_INHIBITOR = "InfoInhibitor"
"""Of kube-prometheus-stack: fires in a namespace where only alerts of severity info fire."""

REGION_UNREACHABLE = "RegionUnreachable"
"""The global view gets nothing from another region. Its label `cluster` names that region, as do those of its
children: alerts of the global view about the same region (federation, queries)."""

ZONE_DOWN = "ZoneDown"
"""A zone of this region has lost its nodes. Its label `zone` names it, as do those of its children."""

WITHOUT_A_ZONE = (
    "KubeDaemonSetRolloutStuck",
    "KubeDeploymentReplicasMismatch",
    "KubeDeploymentRolloutStuck",
    "KubeNodeNotReady",
    "KubeNodePressure",
    "KubeNodeReadinessFlapping",
    "KubeNodeUnreachable",
    "KubePodNotReady",
    "KubeStatefulSetReplicasMismatch",
    "TargetDown",
)
"""Alerts of kube-prometheus-stack that a lost zone brings about and that say no zone. While a zone is down they are
silent in the whole cluster, save critical ones: what still works is told by the alerts of each part."""


def inhibit_rules(region: Region) -> list[dict[str, Any]]:
    """Alertmanager's `inhibit_rules`. Labels in `equal` that neither alert has count as equal."""
    rules = [
        # the same fault, said twice
        _rule('severity="critical"', 'severity=~"warning|info"', equal=("cluster", "alertname", "namespace")),
        _rule('severity="warning"', 'severity="info"', equal=("cluster", "alertname", "namespace")),
        # info alone says nothing; it counts beside a warning or worse in its namespace
        _rule(f'alertname="{INFO_INHIBITOR}"', 'severity="info"', equal=("cluster", "namespace")),
    ]
    if region.zones:
        source = f'alertname="{ZONE_DOWN}"'
        children = f'alertname!~"{WATCHDOG}|{ZONE_DOWN}"'
        rules += [
            _rule(source, 'zone!=""', children, equal=("cluster", "zone")),
            _rule(
                source,
                'severity!="critical"',
                'zone=""',
                f'alertname=~"{"|".join(WITHOUT_A_ZONE)}"',
                equal=("cluster",),
            ),
        ]
    if region.global_view:
        # never this region itself, whatever a rule comes to say: nothing would be told any more
        source = f'alertname="{REGION_UNREACHABLE}"'
        lost = {"source_matchers": [source, f'cluster!="{region.name}"']}
        rules.append({**_rule(source, f'alertname!~"{WATCHDOG}|{REGION_UNREACHABLE}"', equal=("cluster",)), **lost})
    return rules


def _rule(source: str, *target: str, equal: tuple[str, ...]) -> dict[str, Any]:
    return {"source_matchers": [source], "target_matchers": list(target), "equal": list(equal)}
