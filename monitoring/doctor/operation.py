"""Room and rehearsals: quotas, disks, the drill, drift."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from monitoring.blueprint.capacity.needs import Unit, load, needs, runs_out
from monitoring.blueprint.capacity.node_pools import SURGE, most_cores
from monitoring.blueprint.components.names import node_pool_name
from monitoring.blueprint.releases.release import Release
from monitoring.doctor.row import Row, State, items, time_of, unknown
from monitoring.fleet.model import Region
from monitoring.fleet.vm_sizes import vm_size
from monitoring.prerequisites.step import at

DRILL_AGE = timedelta(hours=36)
"""As the alert DrillOverdue."""
DRIFT_AGE = timedelta(days=2)
"""The workflow runs every night."""
FULL_SOON = 6
"""Months in which a part may not run out."""


def quota(region: Region, family: str, usage: Any, cluster: Any) -> Row:
    """Whether the pools may still grow to their largest: `az vm list-usage`, beside what they have now."""
    pools = {node_pool_name(zone) for zone in region.zones or (None,)}
    now = sum(one.get("count") or 0 for one in at(cluster, "agentPoolProfiles") or () if one.get("name") in pools)
    wanted = most_cores(region) - now * vm_size(region.node_pools.vm_size).cores
    row = next((one for one in items(usage) if str(at(one, "name.value")).casefold() == family.casefold()), None)
    subject = f"quota of {family}"
    if row is None:
        return unknown(subject, "Azure lists no such family", expected=f"{wanted} vCPUs free")
    free = int(row["limit"]) - int(row["currentValue"])
    return Row(
        subject=subject,
        state=State.FINE if free >= wanted else State.DUE,
        found=f"{free} vCPUs free of {row['limit']}",
        expected=f"{wanted} vCPUs free, for {region.node_pools.max_count} nodes a pool and {SURGE} more in an upgrade",
        action="" if free >= wanted else "ask for more, in the portal below Quotas",
        page="docs/capacity.md",
    )


def disks(region: Region, releases: Sequence[Release]) -> Iterator[Row]:
    """When each disk is full by the model of the region's load; what a cluster measures, VolumeFullSoon tells."""
    here = load(region)
    for need in needs(region, here, releases=tuple(releases)):
        if need.unit is not Unit.BYTES or "volume_size" not in need.path:
            continue
        month = runs_out(region, need, load=here, releases=tuple(releases))
        state = State.FINE if month is None or month > FULL_SOON else State.SOON if month else State.DUE
        yield Row(
            subject=f"disk of {need.part}",
            state=state,
            found=f"needs {need.unit.text(need.need)} of {need.unit.text(need.configured)}",
            expected="full in over five years" if month is None else f"full in month {month}",
            action="" if state is State.FINE else f"raise {'.'.join(map(str, need.path))}",
            page="docs/capacity.md",
        )


SCHEDULES = ("aksManagedAutoUpgradeSchedule", "aksManagedNodeOSUpgradeSchedule")
"""AKS' names of the configurations for the cluster's version, and for its nodes' images."""


def maintenance(region: Region, configured: Any) -> Iterator[Row]:
    """When AKS may upgrade by itself, beside the region's file: `az aks maintenanceconfiguration list`."""
    wanted = region.maintenance_window
    told = f"{wanted.day} {wanted.start} UTC, {wanted.hours} h" if wanted else "none: AKS upgrades nothing by itself"
    found = {one.get("name"): one.get("maintenanceWindow") or {} for one in items(configured)}
    for name in SCHEDULES:
        window = found.get(name)
        weekly = at(window, "schedule.weekly") or {}
        there = (weekly.get("dayOfWeek"), at(window, "startTime"), at(window, "durationHours"))
        every_week_in_utc = weekly.get("intervalWeeks") == 1 and at(window, "utcOffset") in {None, "+00:00"}
        if wanted is None:
            fine = window is None
        else:
            fine = there == (wanted.day, wanted.start, wanted.hours) and every_week_in_utc
        yield Row(
            subject=f"maintenance window {name}",
            state=State.FINE if fine else State.DUE,
            found="none"
            if window is None
            else f"{there[0]} {there[1]} {at(window, 'utcOffset') or 'UTC'}, {there[2]} h",
            expected=told,
            action="" if fine else f"az aks maintenanceconfiguration {'delete' if wanted is None else 'add or update'}",
            page="docs/upgrades.md",
        )


def drill(job: Any, now: datetime) -> Row:
    """When the daily drill last came to an end: the CronJob's status."""
    last = time_of(at(job, "status.lastSuccessfulTime"))
    fine = last is not None and now - last <= DRILL_AGE
    return Row(
        subject="drill",
        state=State.FINE if fine else State.DUE,
        found=f"last ended well on {last:%Y-%m-%d %H:%M}" if last else "has never ended well",
        expected=f"within {DRILL_AGE.total_seconds() / 3600:.0f} hours",
        action="" if fine else "kubectl create job -n monitoring drill-now --from=cronjob/thanos-drill",
        page="docs/runbooks/DrillOverdue.md",
    )


def drift(runs: Any, now: datetime) -> Row:
    """The last run of the workflow that plans every stack at night."""
    expected = f"a run that found nothing, within {DRIFT_AGE.days} days"
    last = next(iter(at(runs, "workflow_runs") or ()), None)
    if last is None:
        return unknown("drift", "the workflow drift has never run", expected=expected)
    began, end = time_of(last.get("created_at")), last.get("conclusion") or last.get("status")
    fresh = began is not None and now - began <= DRIFT_AGE
    state = State.FINE if fresh and end == "success" else State.DUE
    return Row(
        subject="drift",
        state=state,
        found=f"{end}, {began:%Y-%m-%d %H:%M}" if began else str(end),
        expected=expected,
        action="" if state is State.FINE else f"read {last.get('html_url', 'the run')}",
        page="docs/operations.md",
    )
