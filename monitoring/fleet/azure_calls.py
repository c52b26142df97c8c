"""Calls of Prometheus' Azure VM discovery per hour, against the limit of Azure Resource Manager.

Asked more seldom, it learns later that a machine was stopped or started.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import ceil

from monitoring.fleet.model import Region
from monitoring.fleet.yaml_file import ValuePath

READS_PER_HOUR = 12_000
"""Reads per hour that Azure Resource Manager answers to one identity in one subscription.

Microsoft Learn, "Understand how Azure Resource Manager throttles requests". Since 2024 a bucket of 250 reads that
refills by 25 a second has replaced the hourly limit in most subscriptions: 90 000 an hour. The older limit is kept:
it holds in both, and where the bucket is the limit it leaves most of it to retries.
"""

PAGE = 50
"""Machines in one answer to a list, on the safe side: Azure names no size."""

INTERFACE_KEPT = 10
"""Refreshes for which Prometheus keeps a network interface before it asks again, at least (a random part, up to 3
more, is added): `addToCache` in Prometheus' discovery/azure/azure.go."""

INTERFACE_GONE = 14
"""Refreshes after which a kept interface is asked for anew, at worst: 10 and the random part of up to 3, then the next.

A stopped machine is still listed; only its interface tells (`vmToLabelSet`, `Primary == nil`). Until then it stays a
target, and one that was started is none.
"""

DEALLOCATES = 300
"""Seconds that Azure is allowed from the last scrape of a machine to an interface that tells; measured nowhere."""

VM_DOWN_AFTER = 1200
"""Seconds for which the alert AzureVmDown waits (helm-values/rules/alerts-azure-discovery.yaml)."""

HOUR = 3600


def calls_per_hour(region: Region) -> int:
    """Reads in the worst hour, which begins with a start: no interface is known yet.

    A refresh lists the machines, lists the scale sets, and lists the machines of each set. Each machine's interface
    is one more read, kept for a while. Every replica asks for itself, all with the one identity.
    """
    vms = region.azure_vms
    refreshes = ceil(HOUR / vms.refresh.seconds)
    lists = max(1, ceil(vms.expected_machines / PAGE)) + 1 + vms.expected_scale_sets
    interfaces = vms.expected_machines * ceil(refreshes / INTERFACE_KEPT)
    return region.prometheus.replicas * (refreshes * lists + interfaces)


def seconds_as_target_after_stop(region: Region) -> int:
    """Seconds for which a machine that was stopped may stay a target."""
    return DEALLOCATES + INTERFACE_GONE * region.azure_vms.refresh.seconds


def warnings(region: Region) -> Iterator[tuple[ValuePath, str]]:
    """No fault: with very many machines the calls leave no choice."""
    stays = seconds_as_target_after_stop(region)
    if stays > VM_DOWN_AFTER:
        most = (VM_DOWN_AFTER - DEALLOCATES) // INTERFACE_GONE
        message = f"should be at most {most}s, got {region.azure_vms.refresh.prometheus}: AzureVmDown fires after"
        told = f"{VM_DOWN_AFTER // 60} minutes, and a stopped machine stays a target for up to {stays // 60}"
        yield ("azure_vms", "refresh"), f"{message} {told} (docs/discovery.md)"


def calls_note(regions: Iterable[Region]) -> str:
    """For the summary of a synthesis."""
    counts = ", ".join(f"{region.name} {calls_per_hour(region)}" for region in regions)
    return f"calls to Azure for machines, at most {READS_PER_HOUR} an hour: {counts}"
