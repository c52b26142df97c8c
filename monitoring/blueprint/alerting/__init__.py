"""Alertmanager's configuration: routes, receivers and inhibition rules.

Meaning of every key: prometheus.io/docs/alerting/latest/configuration. The operator reads the same file strictly
(prometheus-operator, pkg/alertmanager/types.go), so a key that it does not know stops it.
"""

from __future__ import annotations

from typing import Any

from monitoring.blueprint.alerting.inhibition import INFO_INHIBITOR, WATCHDOG, inhibit_rules
from monitoring.blueprint.alerting.receivers import TEMPLATES, receivers, template_files
from monitoring.fleet.alerting import AlertRoute
from monitoring.fleet.alerting_checks import DEAD_MANS_SWITCH, NOBODY
from monitoring.fleet.model import Region
from monitoring.fleet.quantities import Duration

__all__ = ["configuration", "template_files"]

GROUP_BY = ("cluster", "alertname", "namespace")
"""Alerts that agree in these are one notification."""


def configuration(region: Region) -> dict[str, Any]:
    """alertmanager.yaml of a region. Every key that the chart has a default for is set, since the two are merged."""
    return {
        "global": {"resolve_timeout": "5m"},
        "route": _route(region),
        "inhibit_rules": inhibit_rules(region),
        "receivers": receivers(region),
        "templates": [TEMPLATES],
    }


def _route(region: Region) -> dict[str, Any]:
    """The first route that matches takes an alert. What has no severity of ours becomes a ticket, and is not lost."""
    routes = region.alerting.routes
    info = {"receiver": NOBODY} if routes.info is None else _times(routes.info)
    return {
        "group_by": list(GROUP_BY),
        **_times(routes.warning),
        "routes": [
            _watchdog(region),
            # a helper of inhibit_rules, which tells nobody anything
            {"receiver": NOBODY, "matchers": [f'alertname="{INFO_INHIBITOR}"']},
            {"matchers": ['severity="critical"'], **_times(routes.critical)},
            {"matchers": ['severity="info"'], **info},
        ],
    }


def _times(route: AlertRoute) -> dict[str, str]:
    return {
        "receiver": route.receiver,
        "group_wait": route.group_wait.prometheus,
        "group_interval": route.group_interval.prometheus,
        "repeat_interval": route.repeat_interval.prometheus,
    }


def _watchdog(region: Region) -> dict[str, Any]:
    """The alert that always fires calls the switch at every interval, as long as rules and notifications work.

    A group is looked at every `group_interval`, and told again if `repeat_interval` has passed since the last time
    (Alertmanager, notify.DedupStage). With both equal, a call that took some milliseconds makes the next look come
    too early, and every second call is left out: so the repeat is a little shorter. Another region's Watchdog
    does not count.
    """
    interval = region.alerting.dead_mans_switch.interval
    return {
        "receiver": DEAD_MANS_SWITCH,
        "matchers": [f'alertname="{WATCHDOG}"', f'cluster="{region.name}"'],
        "group_wait": "0s",
        "group_interval": interval.prometheus,
        "repeat_interval": Duration(interval.seconds * 5 // 6).prometheus,
    }
