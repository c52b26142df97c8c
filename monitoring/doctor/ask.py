"""Asks az, kubectl and gh for all that is due in a region, each once, by commands that only read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from monitoring.blueprint.components.model import NAMESPACE
from monitoring.blueprint.components.of_region import components_of
from monitoring.blueprint.components.workloads import DRILL
from monitoring.blueprint.releases.release import Release
from monitoring.blueprint.values.charts import versions
from monitoring.doctor import ends, operation
from monitoring.doctor import versions as of_versions
from monitoring.doctor.row import Row, at, items, unknown
from monitoring.fleet.model import Region
from monitoring.prerequisites.asking import Answer, ask
from monitoring.prerequisites.azure import get

Line = tuple[str, ...]
Judge = Callable[..., Iterable[Row]]


def rows(region: Region, releases: Sequence[Release], *, repository: str | None, now: datetime) -> Iterator[Row]:
    """Every row of a region; `repository` is owner/name on GitHub, None where that is not known."""
    answers = {name: ask(line) for name, line in looks(region, repository).items()}

    def judged(subject: str, judge: Judge, *needed: str) -> Iterator[Row]:
        told = [answers[name].unknown or "not there" for name in needed if answers[name].value is None]
        yield from [unknown(subject, told[0])] if told else judge(*(answers[name].value for name in needed))

    known = versions()
    expected = {release.chart.name for release in releases if not release.chart.folder}
    yield from judged("Kubernetes", lambda one, two: of_versions.kubernetes(one, two, known), "cluster", "upgrades")
    yield from judged("node images", lambda cluster: _node_images(region, cluster), "cluster")
    yield from judged("maintenance windows", lambda found: operation.maintenance(region, found), "maintenance")
    yield from judged("charts", lambda found: of_versions.charts(found, known, expected), "workloads")
    yield from judged("certificates", lambda found: ends.certificates(found, now), "certificates")
    yield from judged("issuing authorities", lambda found: ends.intermediates(found, now), "requests")
    yield from ends.roots(region, now)
    names = {secret for component in components_of(region) for secret in component.secrets(region)}
    yield from judged("secrets", lambda found: ends.secrets(names, found, now), "secrets")
    yield from judged("quotas", lambda *found: _quotas(region, *found), "sizes", "usage", "cluster")
    yield from operation.disks(region, releases)
    if answers["drill"].unknown:
        yield unknown("drill", answers["drill"].unknown)
    else:
        yield operation.drill(answers["drill"].value, now)  # no job at all: it has never ended well
    if repository is None:
        yield unknown("drift", "`runbooks` is no page of GitHub: --repository OWNER/NAME")
    else:
        yield from judged("drift", lambda runs: [operation.drift(runs, now)], "drift")


def looks(region: Region, repository: str | None) -> dict[str, Line]:
    """The commands, by what they are asked for."""
    named = ("--name", region.cluster.name, "--resource-group", region.cluster.resource_group)
    of_cluster = ("--cluster-name", *named[1:])
    within = ("--subscription", region.subscription_id)
    size = ("--size", region.node_pools.vm_size, "--resource-type", "virtualMachines", "--all")
    found = {
        "cluster": _az("aks", "show", *named, *within),
        "upgrades": _az("aks", "get-upgrades", *named, *within),
        "maintenance": _az("aks", "maintenanceconfiguration", "list", *of_cluster, *within),
        "workloads": _list(region, "deployments,statefulsets,daemonsets"),
        "certificates": _list(region, "certificates.cert-manager.io"),
        "requests": _list(region, "certificaterequests.cert-manager.io"),
        "secrets": _az("keyvault", "secret", "list", "--vault-name", region.key_vault.name, *within),
        "sizes": _az("vm", "list-skus", "--location", region.location, *within, *size),
        "usage": _az("vm", "list-usage", "--location", region.location, *within),
        "drill": get(region, "cronjob", DRILL.name, namespace=NAMESPACE),
    }
    if repository:
        path = f"repos/{repository}/actions/workflows/drift.yml/runs?status=completed&per_page=1"
        found["drift"] = ("gh", "api", "--method", "GET", path)
    return found


def node_image_look(region: Region, pool: str) -> Line:
    """The command that names a pool's latest image."""
    cluster = ("--cluster-name", region.cluster.name, "--resource-group", region.cluster.resource_group)
    return _az(
        "aks", "nodepool", "get-upgrades", "--nodepool-name", pool, *cluster, "--subscription", region.subscription_id
    )


def _node_images(region: Region, cluster: Any) -> Iterator[Row]:
    for pool in at(cluster, "agentPoolProfiles") or ():
        answer: Answer = ask(node_image_look(region, str(pool.get("name"))))
        if answer.unknown:
            yield unknown(f"node image of pool {pool.get('name')}", answer.unknown)
        else:
            yield of_versions.node_image(str(pool.get("name")), pool.get("nodeImageVersion"), answer.value)


def _quotas(region: Region, sizes: Any, usage: Any, cluster: Any) -> Iterator[Row]:
    families = {str(one.get("family")) for one in items(sizes) if one.get("name") == region.node_pools.vm_size}
    if not families:
        yield unknown("quotas", f"Azure has no size {region.node_pools.vm_size} here")
    for family in (*sorted(families), "cores"):
        yield operation.quota(region, family, usage, cluster)


def _az(*words: str) -> Line:
    return ("az", *words, "--only-show-errors", "--output", "json")


def _list(region: Region, kinds: str) -> Line:
    return ("kubectl", "--context", region.cluster.name, "get", kinds, "--namespace", NAMESPACE, "-o", "json")
