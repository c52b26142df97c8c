"""Checks of the `alerting:` block: every route leads to a receiver that exists. Pure: each yields what is wrong."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from monitoring.fleet.model import Region
from monitoring.fleet.yaml_file import ValuePath

NOBODY = "nobody"
DEAD_MANS_SWITCH = "dead-mans-switch"
RESERVED = (NOBODY, DEAD_MANS_SWITCH)
"""Receivers that every region has besides its own."""


def alerting_faults(region: Region) -> Iterator[tuple[ValuePath, str]]:
    """Where in the region's file, and what must be."""
    alerting = region.alerting
    for name, receiver in alerting.receivers.items():
        if name in RESERVED:
            yield ("alerting", "receivers", name), f"must have another name: {', '.join(RESERVED)} exist anyway"
        if receiver.secret == alerting.dead_mans_switch.secret:
            message = f"must not be the secret of the dead-man's switch, got {receiver.secret}"
            yield ("alerting", "receivers", name, "secret"), message
    for severity, route in alerting.routes.by_severity().items():
        place: ValuePath = ("alerting", "routes", severity)
        if route.receiver not in alerting.receivers:
            known = ", ".join(sorted(alerting.receivers)) or "none"
            near = difflib.get_close_matches(route.receiver, alerting.receivers, n=1)
            hint = f", did you mean {near[0]}?" if near else ""
            yield (
                (*place, "receiver"),
                f"must be a receiver of alerting.receivers ({known}), got {route.receiver}{hint}",
            )
        if route.repeat_interval < route.group_interval:
            message = (
                f"must be at least group_interval {route.group_interval}, since groups are looked at no more often"
            )
            yield (*place, "repeat_interval"), f"{message}, got {route.repeat_interval}"
        if route.repeat_interval > region.alertmanager.retention:
            message = (
                f"must be at most alertmanager.retention {region.alertmanager.retention}, after which it is forgotten"
            )
            yield (*place, "repeat_interval"), f"{message} that anybody was told, got {route.repeat_interval}"
