"""Every measurement, in the order in which they run and stand on the page."""

from __future__ import annotations

from collections.abc import Mapping

from monitoring.bench import faults, freshness, growth, ingestion, panels, synthesis
from monitoring.bench.figures import Measurement

MEASUREMENTS: Mapping[str, Measurement] = {
    module.MEASUREMENT.name: module.MEASUREMENT for module in (synthesis, panels, ingestion, growth, freshness, faults)
}
