"""The ConfigMap with the bundle of root certificates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from monitoring.blueprint.components.model import NAMESPACE
from monitoring.blueprint.values.manifests import Manifest
from monitoring.fleet.model import Peer, Region

TRUST_BUNDLE = "trust-bundle"
TRUST_KEY = "roots.pem"
"""ConfigMap and key. Not a Secret's `ca.crt`: that follows the one issuer that wrote it last, so a client would lose
its server in the middle of a rotation."""


def trust_bundle(region: Region, peers: Sequence[Peer]) -> Iterator[Manifest]:  # noqa: ARG001  (every region's roots)
    """The ConfigMap; none without a root.

    Thanos takes a bundle in which it finds no certificate for none at all, and serves without TLS (pkg/tls/options.go:
    `errors.Wrap` of no error is no error). A pod whose ConfigMap is missing does not start.
    """
    if region.trust:
        yield {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": TRUST_BUNDLE, "namespace": NAMESPACE},
            "data": {TRUST_KEY: "".join(root.pem for root in region.trust)},
        }
