"""The Prometheus job name of a component."""

from __future__ import annotations

from monitoring.blueprint.components.model import Component
from monitoring.blueprint.components.workloads import THANOS, THANOS_GLOBAL


def job_name(component: Component) -> str:
    """The job that its ServiceMonitor gives: the Thanos chart's is the component's name, else the Service's."""
    if component.release in {THANOS, THANOS_GLOBAL}:
        return component.name
    return component.service or component.name
