"""A release fits into the Secret in which Helm keeps it."""

from __future__ import annotations

import base64
import gzip
import json
import random
from collections.abc import Mapping

from monitoring.blueprint.releases import checked_releases
from monitoring.blueprint.values.charts import ROOT
from monitoring.fleet import load_fleet

MOST = 128 * 1024
"""Bytes of a release's values, packed as Helm packs them (JSON, gzip, base64).

A Secret holds 1 MiB (`MaxSecretSize` of Kubernetes' core API). Of the release kube-prometheus-stack, the chart and what
it renders of its own take 0.67 MB (docs/performance.md). Values are kept twice, as given and in what is rendered of
them: twice this bound fits beside that, and leaves the chart 0.1 MB to grow.
"""


def packed(values: Mapping[str, object]) -> int:
    return len(base64.b64encode(gzip.compress(json.dumps(values).encode())))


def test_the_values_of_a_release_leave_room_in_its_secret() -> None:
    sizes = {
        (region, release.name): packed(release.values)
        for region, releases in checked_releases(load_fleet(ROOT / "regions")).items()
        for release in releases
    }
    assert {release for _, release in sizes} >= {"kube-prometheus-stack", "thanos", "oauth2-proxy"}
    assert {release: size for release, size in sizes.items() if size > MOST} == {}


def test_values_that_are_too_large_are_found() -> None:
    dashboard = random.Random(1).randbytes(MOST).hex()  # noqa: S311  (what gzip cannot make small)
    assert packed({"extraManifests": [dashboard]}) > MOST
