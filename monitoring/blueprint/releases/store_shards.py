"""Which blocks each store gateway reads: a shard of them, by a hash of the block's id, on two pods or three.

Every pod of the StatefulSet has the same flags, so the flag holds the table of all pods, and Kubernetes puts the pod's
own name (`$(NAME)`, which the chart sets) into its expression. Thanos takes no other actions here than keep, drop and
hashmod (0.42.4, pkg/block/fetcher.go, `SelectorSupportedRelabelActions`).
"""

from __future__ import annotations

import yaml

from monitoring.blueprint.components.workloads import STORE_GATEWAY

COPIES = 2
"""Pods that read each block, at least: one may be lost."""


def shards(replicas: int) -> int:
    """Into how many parts the blocks are divided."""
    return max(1, replicas // COPIES)


def shard_flags(replicas: int) -> list[str]:
    """The flag of every store gateway; none where there is one shard. Pod p has shard p modulo their number.

    The separator of two equal labels is the only place for a constant in what the expression is held against: it reads
    `0 pod-0=0 pod-1=1 pod-2=0 pod-3=1 0` for a block of shard 0.
    """
    count = shards(replicas)
    if count == 1:
        return []
    owners = " ".join(f"{STORE_GATEWAY.name}-{pod}={pod % count}" for pod in range(replicas))
    rules = [
        {"action": "hashmod", "source_labels": ["__block_id"], "target_label": "shard", "modulus": count},
        {
            "action": "keep",
            "source_labels": ["shard", "shard"],
            "separator": f" {owners} ",
            "regex": "|".join(f"{shard} .*$(NAME)={shard} .*" for shard in range(count)),
        },
    ]
    return [f"--selector.relabel-config={yaml.safe_dump(rules, sort_keys=False, width=1000)}"]
