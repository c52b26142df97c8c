"""Whole Kubernetes objects as data, installed by the release `objects` before all others.

Each module holds what one matter needs, as a function of the region and its peers that yields manifests with a
namespace; a new one is a line in `MAKERS`. Kinds are the core's, or those of the prerequisites (cert-manager,
Gateway API, Cilium, the secrets driver): the operator's own come only with a later release.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from monitoring.blueprint.objects.certificates import certificates
from monitoring.blueprint.objects.cilium import cilium_policies
from monitoring.blueprint.objects.drill import drill_job
from monitoring.blueprint.objects.federation import federation_config
from monitoring.blueprint.objects.network_policies import network_policies
from monitoring.blueprint.objects.services import services
from monitoring.blueprint.objects.trust import trust_bundle
from monitoring.blueprint.values.manifests import Manifest
from monitoring.fleet.model import Peer, Region

Maker = Callable[[Region, Sequence[Peer]], Iterable[Manifest]]

MAKERS: tuple[Maker, ...] = (
    network_policies,
    cilium_policies,
    trust_bundle,
    certificates,
    services,
    federation_config,
    drill_job,
)


def objects(region: Region, peers: Sequence[Peer]) -> tuple[Manifest, ...]:
    """Every object of a region, in the order of `MAKERS`."""
    return tuple(manifest for make in MAKERS for manifest in make(region, peers))
