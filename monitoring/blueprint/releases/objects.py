"""The values of the release `objects`: network policies, certificates and other objects that no chart makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from monitoring.blueprint.objects import objects
from monitoring.fleet.model import Peer, Region


def computed(region: Region, peers: Sequence[Peer]) -> Mapping[str, Any]:
    """The one value of `charts/objects`."""
    return {"objects": list(objects(region, peers))}
