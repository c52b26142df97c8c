"""Disabled alerts of kube-prometheus-stack, with reasons. All others of the chart stay enabled.

Whole groups go with the parts that AKS hides (`kubeEtcd` and its like in helm-values/kube-prometheus-stack.yaml).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from monitoring.blueprint.values.manifests import Manifest

OFF: Mapping[str, str] = MappingProxyType(
    {
        "PrometheusRemoteWriteBehind": (
            "RemoteWriteBehind instead: upstream measures against the newest sample of the queue, which stands still "
            "once the queue is full, so that a long outage looks like a short one"
        ),
        "PrometheusRemoteStorageFailures": "RemoteWriteFailing instead",
        "PrometheusRuleFailures": "RuleEvaluationsFailing instead",
        "PrometheusMissingRuleEvaluations": "RuleGroupMissesEvaluations instead",
        "PrometheusTargetLimitHit": "ScrapeLimitHit instead: one alert and one page for all limits",
        "PrometheusLabelLimitHit": "ScrapeLimitHit instead",
        "PrometheusScrapeBodySizeLimitHit": "ScrapeLimitHit instead",
        "PrometheusScrapeSampleLimitHit": "ScrapeLimitHit instead, and ScrapeRefused, which names the team",
        "KubeCPUOvercommit": "node pools scale up by themselves: that a node could not be spared is how they run",
        "KubeMemoryOvercommit": "as KubeCPUOvercommit",
        "KubeStateMetricsShardingMismatch": "there is one shard",
        "KubeStateMetricsShardsMissing": "there is one shard",
        "NodeRAIDDegraded": "nodes have no RAID: Azure's disks are replicated beneath them",
        "NodeRAIDDiskFailure": "nodes have no RAID",
        "NodeBondingDegraded": "nodes have no bonded interfaces",
        "NodeSystemdServiceFailed": "node-exporter's collector systemd is off: it needs the host's D-Bus",
        "NodeSystemdServiceCrashlooping": "node-exporter's collector systemd is off",
        "NodeTextFileCollectorScrapeError": "no text files are collected",
    }
)
"""Reason by name."""

OFF_WITH_THEIR_PART: Mapping[str, str] = MappingProxyType(
    {
        "etcd…": "AKS hides etcd",
        "KubeControllerManager…": "AKS hides the controller manager",
        "KubeScheduler…": "AKS hides the scheduler",
        "KubeProxy…": "AKS hides it, or Cilium replaces it",
    }
)
"""Reason by the beginning of the names."""


SAME_SERIES: Mapping[str, str] = MappingProxyType(
    {
        "code_verb:apiserver_request_total:increase1h": (
            "four rules, one for each first digit of `code`, which they keep: no series comes from two of them. The "
            "chart has no key that drops a recording rule, and apiserver_request:availability30d is made of these"
        ),
    }
)
"""Recording rules that upstream has more than once under the same name and labels, and why that does no harm."""


def expressions(manifests: Iterable[Manifest], *, ours: Collection[str]) -> dict[str, list[str]]:
    """Expressions of the chart's own rules and alerts as rendered, by name; `ours` are names of other objects."""
    found: dict[str, set[str]] = {}
    for rule in _rules(manifests, ours=ours):
        found.setdefault(rule.get("record") or rule["alert"], set()).add(_expression(rule))
    return {name: sorted(found[name]) for name in sorted(found)}


def repeated(manifests: Iterable[Manifest], *, ours: Collection[str]) -> dict[str, list[str]]:
    """Expressions of recording rules that share name and labels with another: they may write the same series."""
    found: dict[tuple[str, str], list[str]] = {}
    for rule in _rules(manifests, ours=ours):
        if "record" in rule:
            labels = json.dumps(rule.get("labels") or {}, sort_keys=True)
            found.setdefault((rule["record"], labels), []).append(_expression(rule))
    return {name: sorted(alike) for (name, _), alike in sorted(found.items()) if len(alike) > 1}


def _rules(manifests: Iterable[Manifest], *, ours: Collection[str]) -> Iterator[Mapping[str, Any]]:
    for manifest in manifests:
        if (
            manifest.get("kind") == "PrometheusRule"
            and manifest["metadata"]["name"].removeprefix("prometheus-") not in ours
        ):
            yield from (rule for group in manifest["spec"]["groups"] for rule in group["rules"])


def _expression(rule: Mapping[str, Any]) -> str:
    return " ".join(str(rule["expr"]).split())
