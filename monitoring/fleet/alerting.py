"""The `alerting:` block of a region's file: alert routes and receivers."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from monitoring.fleet.base import HostName, KubernetesName, Model, pattern
from monitoring.fleet.quantities import Duration

_SECRET_NAME = r"alertmanager(-[a-z0-9]+)+"  # noqa: S105  (a pattern)
_LONGEST_SECRET_NAME = 127


def _secret_name(value: object) -> object:
    # what was given is not repeated: it may be the secret itself
    if not isinstance(value, str) or len(value) > _LONGEST_SECRET_NAME or not re.fullmatch(_SECRET_NAME, value):
        raise ValueError(
            "must be the name of a Key Vault secret, alertmanager-… in small letters, digits and hyphens, "
            "got something else; a secret itself never belongs here"
        )
    return value


AlertmanagerSecret = Annotated[
    str,
    BeforeValidator(
        _secret_name, json_schema_input_type=Annotated[str, pattern(f"^{_SECRET_NAME}$", longest=_LONGEST_SECRET_NAME)]
    ),
]
"""Name of a Key Vault secret that Alertmanager reads. The prefix says whose it is, and no key or URL begins so:
a secret pasted in place of its name is refused."""


class Receiver(Model):
    """Where notifications go: the kind of service, the secret that opens it, the host that it is at.

    The secret is pagerduty's routing key (Events API v2), else the URL to post to, which is a secret itself. Its host
    is none, and the only one that the network policies open.
    """

    kind: Literal["pagerduty", "slack", "teams", "webhook"]
    secret: AlertmanagerSecret
    host: HostName


class AlertRoute(Model):
    """Who hears of a severity, and how often.

    `group_wait`: how long the first notification of a group waits for others to join. `group_interval`: how
    long news of a group waits. `repeat_interval`: when a group without news is told again.
    """

    receiver: KubernetesName
    group_wait: Duration
    group_interval: Duration
    repeat_interval: Duration


class AlertRoutes(Model):
    """A route per severity; null means that no receiver is notified."""

    critical: AlertRoute
    warning: AlertRoute
    info: AlertRoute | None

    def by_severity(self) -> dict[str, AlertRoute]:
        """Route by severity, without severities that have none."""
        routes = {"critical": self.critical, "warning": self.warning, "info": self.info}
        return {severity: route for severity, route in routes.items() if route is not None}


class DeadMansSwitch(Model):
    """A service outside the region that raises an alarm when it is no longer called.

    The secret is the URL, which must be the region's own, and `host` the host in it; `interval` is the time from
    call to call.
    """

    secret: AlertmanagerSecret
    host: HostName
    interval: Duration


class Alerting(Model):
    """Alert routing of a region: receivers, routes and the dead-man's switch."""

    receivers: Annotated[dict[KubernetesName, Receiver], Field(max_length=64)]
    routes: AlertRoutes
    dead_mans_switch: DeadMansSwitch

    def used_receivers(self) -> dict[str, Receiver]:
        """Receivers that a route names, by name; a region need not use all that `_common.yaml` has."""
        names = {route.receiver for route in self.routes.by_severity().values()}
        return {name: receiver for name, receiver in sorted(self.receivers.items()) if name in names}

    def hosts(self) -> tuple[str, ...]:
        """Hosts that Alertmanager calls, sorted."""
        return tuple(sorted({self.dead_mans_switch.host, *(one.host for one in self.used_receivers().values())}))

    def secrets(self) -> tuple[str, ...]:
        """Names of the Key Vault secrets that Alertmanager reads, sorted."""
        return tuple(sorted({self.dead_mans_switch.secret, *(one.secret for one in self.used_receivers().values())}))
