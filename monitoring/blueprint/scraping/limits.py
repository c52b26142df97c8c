"""Scrape limits per target, so that one team cannot overload Prometheus: each value once, with its reason.

A target over a limit is refused as a whole, and `up` is 0: half a page would be worse. The first set is what a target
gets that asks for nothing; a monitor may ask for more, up to the second, which nobody exceeds (prometheus-operator
0.93, `appendGlobalLimits` and `getLimit` in pkg/prometheus/promcfg.go: where a monitor has no limit, the global holds).
"""

from __future__ import annotations

from collections.abc import Mapping

SAMPLES = 10_000
"""Series of a target. A service by our library has hundreds; ten thousand are a label without bounds."""

MOST_SAMPLES = 300_000
"""For kube-state-metrics and the API server, whose pages grow with the cluster: about what a Prometheus of 2 GiB holds
in all (docs/capacity.md), so no single page can be larger. Below a million: Helm would write it as 1e+06."""

TARGETS = 200
"""Targets of a monitor. Over it, none of its targets is scraped: it is a team's own monitor that stands still."""

MOST_TARGETS = 1_000
"""Targets of the jobs that all teams share by annotation, where one team's surplus would stop all: far away."""

LABELS = 40
"""Labels of a series, target labels included: the operator adds 7, and the widest of Kubernetes' own have about 20."""

LABEL_NAME = 128
"""Characters of a label's name."""

LABEL_VALUE = 1_024
"""Characters of a label's value: cAdvisor's paths of cgroups have 300; an SQL query or a stack trace is no label."""

BODY = "50MB"
"""A page before it is parsed: about 300 000 series."""

DROPPED = 100
"""Dropped targets that a job keeps for its page: the shared jobs see every pod, and drop nearly all."""


def of_prometheus() -> Mapping[str, object]:
    """For every job, as the Prometheus resource writes it."""
    return {
        "sampleLimit": SAMPLES,
        "enforcedSampleLimit": MOST_SAMPLES,
        "targetLimit": TARGETS,
        "enforcedTargetLimit": MOST_TARGETS,
        "enforcedLabelLimit": LABELS,
        "enforcedLabelNameLengthLimit": LABEL_NAME,
        "enforcedLabelValueLengthLimit": LABEL_VALUE,
        "enforcedBodySizeLimit": BODY,
        "enforcedKeepDroppedTargets": DROPPED,
    }


def of_job() -> Mapping[str, object]:
    """For a job of our own, as Prometheus writes it: such a job knows the global limits, but no enforced ones."""
    return {
        "sample_limit": SAMPLES,
        "target_limit": MOST_TARGETS,
        "label_limit": LABELS,
        "label_name_length_limit": LABEL_NAME,
        "label_value_length_limit": LABEL_VALUE,
        "body_size_limit": BODY,
        "keep_dropped_targets": DROPPED,
    }
