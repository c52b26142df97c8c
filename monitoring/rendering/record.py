"""Writes the rendered objects that tests read into tests/golden/, so that tests need no chart."""

from __future__ import annotations

import json
from collections.abc import Sequence

from monitoring.blueprint.components.workloads import OBJECTS, THANOS, THANOS_GLOBAL
from monitoring.blueprint.rules import upstream_alerts
from monitoring.blueprint.rules.loader import rules
from monitoring.blueprint.scraping import monitors
from monitoring.blueprint.values import flags, image_digests
from monitoring.blueprint.values.charts import ROOT, versions
from monitoring.blueprint.values.confinement import access
from monitoring.blueprint.values.manifests import in_namespace, workloads
from monitoring.rendering.objects import Rendering

WORKLOADS = "tests/golden/workloads.json"
FLAGS = "tests/golden/flags.json"
MONITORS = "tests/golden/monitors.json"
UPSTREAM = "tests/golden/upstream-expressions.json"
REPEATED = "tests/golden/upstream-repeated.json"
ACCESS = "tests/golden/access.json"
IMAGES = "tests/golden/images.json"


def write(renderings: Sequence[Rendering]) -> None:
    """Workloads, accounts and roles, flags of Thanos, monitors, images, upstream's rules, as they are rendered now."""
    made = [in_namespace(one, rendering.namespace) for rendering in renderings for one in rendering.objects]
    of_thanos = [rendering for rendering in renderings if rendering.release in {THANOS, THANOS_GLOBAL, OBJECTS}]
    content = {
        WORKLOADS: workloads(made),
        MONITORS: monitors.record(made),
        FLAGS: flags.of_workloads(manifest for rendering in of_thanos for manifest in rendering.objects),
        ACCESS: access(made),
        IMAGES: {
            "charts": {name: chart.version for name, chart in versions().charts.items()},
            "images": image_digests.images(made),
        },
        UPSTREAM: upstream_alerts.expressions(made, ours=rules().object_names),
        REPEATED: upstream_alerts.repeated(made, ours=rules().object_names),
    }
    for name, found in content.items():
        (ROOT / name).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
