"""Pieces of PromQL that several pages say alike."""

from __future__ import annotations

from monitoring.blueprint.components.model import Component
from monitoring.blueprint.components.workloads import ALERTMANAGER, GRAFANA, NODE_EXPORTER, PROMETHEUS, SIGN_IN
from monitoring.blueprint.dashboards.page import SCOPE

RATE = "$__rate_interval"
"""At least four scrapes, whatever the zoom: Grafana fills it in."""

_BY_SERVICE = (PROMETHEUS, ALERTMANAGER, SIGN_IN, GRAFANA)


def job(component: Component) -> str:
    """The label `job` of a component's own metrics.

    The Thanos chart names the Service's label `app.kubernetes.io/component-instance` as the job, which is the
    component's name; other monitors name no label that exists, and the operator takes the Service's name.
    """
    if component in _BY_SERVICE and component.service:
        return component.service
    return component.name


def of(*components: Component) -> str:
    """Matchers for the components' own metrics in the chosen regions, to stand between braces."""
    if len(components) == 1:
        return f'{SCOPE},job="{job(components[0])}"'
    return f'{SCOPE},job=~"{"|".join(job(one) for one in components)}"'


def ratio(part: str, whole: str, *, by: str, matchers: str, of_part: str = "") -> str:
    """The part's share of the whole, 0 to 1, by the labels `by`; 0 where no part exists yet.

    `of_part` are further matchers of the part. A counter with a fault's label appears with the first fault:
    without the second half the panel would be empty while all is well.
    """
    total = f"sum by ({by}) (rate({whole}{{{matchers}}}[{RATE}]))"
    bad = f"sum by ({by}) (rate({part}{{{matchers}{of_part}}}[{RATE}]))"
    return f"({bad} or 0 * {total}) / {total}"


def quantile(q: float, histogram: str, *, by: str, matchers: str) -> str:
    """A quantile of a classic histogram (`histogram` without `_bucket`), by the labels `by`."""
    return f"histogram_quantile({q}, sum by ({by}, le) (rate({histogram}_bucket{{{matchers}}}[{RATE}])))"


def rate(counter: str, *, by: str, matchers: str) -> str:
    """Events per second, by the labels `by`."""
    return f"sum by ({by}) (rate({counter}{{{matchers}}}[{RATE}]))"


def recorded(name: str, *, by: str = "cluster", matchers: str = "") -> str:
    """An aggregate that a rule records, of the chosen regions, by all of its labels: replicas record the same."""
    return f"max by ({by}) ({name}{{{','.join(filter(None, (SCOPE, matchers)))}}})"


NAMESPACES = f'namespace=~"{NODE_EXPORTER.namespace}|{PROMETHEUS.namespace}"'
"""Where the monitoring system runs."""
