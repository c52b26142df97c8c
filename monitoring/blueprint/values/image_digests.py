"""Images by digest: what is rendered, where each chart takes a digest, and the values that give it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from monitoring.blueprint.components.workloads import (
    KUBE_PROMETHEUS_STACK,
    OAUTH2_PROXY,
    POSTGRES_RELEASE,
    THANOS,
    THANOS_CACHE,
    THANOS_GLOBAL,
)
from monitoring.blueprint.values.charts import VERSIONS, Versions
from monitoring.blueprint.values.manifests import Manifest
from monitoring.fleet.yaml_file import ValuePath

DIGEST_KEYS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        KUBE_PROMETHEUS_STACK: {
            "alertmanager.alertmanagerSpec.image.sha": "quay.io/prometheus/alertmanager",
            # its own key is read only beside another that no value names
            "crds.upgradeJob.image.busybox.tag": "docker.io/busybox",
            "crds.upgradeJob.image.kubectl.sha": "registry.k8s.io/kubectl",
            "grafana.image.sha": "docker.io/grafana/grafana",
            "grafana.sidecar.image.sha": "quay.io/kiwigrid/k8s-sidecar",
            "kube-state-metrics.image.sha": "registry.k8s.io/kube-state-metrics/kube-state-metrics",
            "prometheus-node-exporter.image.digest": "quay.io/prometheus/node-exporter",
            "prometheus.prometheusSpec.image.sha": "quay.io/prometheus/prometheus",
            "prometheusOperator.admissionWebhooks.deployment.image.sha": (
                "quay.io/prometheus-operator/admission-webhook"
            ),
            "prometheusOperator.image.sha": "quay.io/prometheus-operator/prometheus-operator",
            "prometheusOperator.prometheusConfigReloader.image.sha": (
                "quay.io/prometheus-operator/prometheus-config-reloader"
            ),
            "prometheusOperator.thanosImage.sha": "quay.io/thanos/thanos",
        },
        THANOS: {"image.digest": "quay.io/thanos/thanos"},
        THANOS_GLOBAL: {"image.digest": "quay.io/thanos/thanos"},
        THANOS_CACHE: {"image.tag": "docker.io/memcached"},
        OAUTH2_PROXY: {"image.tag": "quay.io/oauth2-proxy/oauth2-proxy"},
        POSTGRES_RELEASE: {"image.tag": "quay.io/prometheuscommunity/postgres-exporter"},
    }
)
"""By release: the value that takes the digest, and the image. Where a chart has no key for it, the tag takes it too."""

WITH_ALGORITHM = frozenset({"kube-state-metrics.image.sha"})
"""Keys named `sha` that take `sha256:` too; the others write it themselves."""


WITHOUT_KEY: Mapping[str, str] = MappingProxyType(
    {"docker.io/oliver006/redis_exporter": "the chart makes a label of the tag, which a digest does not fit"}
)
"""Images that stay by tag, each with its reason."""

_ARGUMENT = re.compile(r"--[a-z-]+=((?:[a-z0-9-]+\.)+[a-z0-9-]+(?::\d+)?/[^\s:@=]+:[\w.-]+(?:@.*)?)")


def images(manifests: Iterable[Manifest]) -> list[str]:
    """Every image that objects name, `registry/repository:tag`: of containers, and of what the operator makes."""
    return sorted({reference.partition("@")[0] for manifest in manifests for reference in _references(manifest)})


def digest_faults(manifest: Manifest, pinned: Versions) -> Iterator[str]:
    """Images of an object that run by another than their recorded digest, or by their tag though one is recorded.

    A digest that was recorded of an older tag is another: a chart's bump changes tags.
    """
    for reference in _references(manifest):
        image = reference.partition("@")[0]
        digest = pinned.digests.get(image)
        wanted = f"{image}@{digest}" if digest and image.rpartition(":")[0] not in WITHOUT_KEY else image
        if reference != wanted:
            yield f"image must be {wanted}, got {reference}"


def _references(node: Any, key: str = "") -> Iterator[str]:
    """Values of `image`, and flags that name an image: prometheus-operator gives it to what it makes."""
    if isinstance(node, Mapping):
        for name, below in node.items():
            yield from _references(below, name)
    elif isinstance(node, list):
        for below in node:
            yield from _references(below)
    elif isinstance(node, str):
        if key == "image":
            yield node
        elif found := _ARGUMENT.fullmatch(node):
            yield found[1]


def digest_values(release: str, pinned: Versions) -> dict[str, str]:
    """The values by which a release's images are pinned, by path; none for an image without a recorded digest.

    Nor for one that we have moved to another tag since: the digest would run the old one under the new tag.
    """
    chosen = {image.name.rpartition(":")[0]: image.name for image in pinned.images.values()}
    by_image = {
        name: (image, digest)
        for image, digest in pinned.digests.items()
        if digest and chosen.get(name := image.rpartition(":")[0], image) == image
    }
    values = {}
    for path, repository in DIGEST_KEYS.get(release, {}).items():
        if repository in by_image:
            image, digest = by_image[repository]
            values[path] = _written(path, image.rpartition(":")[2], digest)
    return values


def _written(path: str, tag: str, digest: str) -> str:
    if path.endswith(".tag"):
        return f"{tag}@{digest}"
    return digest.removeprefix("sha256:") if path.endswith(".sha") and path not in WITH_ALGORITHM else digest


def image_override_faults(
    release: str, changed: Iterable[ValuePath], pinned: Versions
) -> Iterator[tuple[ValuePath, str]]:
    """Overrides of an image that runs by its digest, whatever its tag or repository say."""
    fixed = {tuple(path.split("."))[:-1] for path in digest_values(release, pinned)}
    for path in changed:
        if any(path[: len(image)] == image for image in fixed):
            yield path, f"must be changed in {VERSIONS}: the image runs by the digest there"
