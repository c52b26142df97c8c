"""Asks az, kubectl and gh for all that is due in a region, each once, by commands that only read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from monitoring.blueprint.components.model import NAMESPACE
from monitoring.blueprint.components.workloads import DRILL
from monitoring.blueprint.releases.release import Release
from monitoring.blueprint.values.charts import versions
from monitoring.doctor import ends, operation
from monitoring.doctor import versions as of_versions
from monitoring.doctor.row import Row, items, unknown
from monitoring.fleet.model import Region
from monitoring.prerequisites import cluster, github, subscription, vault
from monitoring.prerequisites.asking import Answer, ask
from monitoring.prerequisites.azure import az, get
from monitoring.prerequisites.step import at

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
    yield from judged("node images", lambda found: _node_images(region, found), "cluster")
    yield from judged("maintenance windows", lambda found: operation.maintenance(region, found), "maintenance")
    yield from judged("charts", lambda found: of_versions.charts(found, known, expected), "workloads")
    yield from judged("certificates", lambda found: ends.certificates(found, now), "certificates")
    yield from judged("issuing authorities", lambda found: ends.intermediates(found, now), "requests")
    yield from ends.roots(region, now)
    names = vault.secrets(region)
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
    found = {
        "cluster": cluster.show(region),
        "upgrades": az("aks", "get-upgrades", *cluster.name_options(region)),
        "maintenance": az("aks", "maintenanceconfiguration", "list", *_of_cluster(region)),
        "workloads": get(region, "deployments,statefulsets,daemonsets", namespace=NAMESPACE),
        "certificates": get(region, "certificates.cert-manager.io", namespace=NAMESPACE),
        "requests": get(region, "certificaterequests.cert-manager.io", namespace=NAMESPACE),
        "secrets": vault.listed(region),
        "sizes": subscription.skus(region),
        "usage": subscription.usage(region),
        "drill": get(region, "cronjob", DRILL.name, namespace=NAMESPACE),
    }
    if repository:
        found["drift"] = github.look(repository, "actions/workflows/drift.yml/runs?status=completed&per_page=1")
    return found


def node_image_look(region: Region, pool: str) -> Line:
    """The command that names a pool's latest image."""
    return az("aks", "nodepool", "get-upgrades", "--nodepool-name", pool, *_of_cluster(region))


def _of_cluster(region: Region) -> Line:
    """Where a command is about something of the cluster, its name is another option's."""
    return ("--cluster-name", *cluster.name_options(region)[1:])


def _node_images(region: Region, shown: Any) -> Iterator[Row]:
    for pool in at(shown, "agentPoolProfiles") or ():
        answer: Answer = ask(node_image_look(region, str(pool.get("name"))))
        if answer.unknown:
            yield unknown(f"node image of pool {pool.get('name')}", answer.unknown)
        else:
            yield of_versions.node_image(str(pool.get("name")), pool.get("nodeImageVersion"), answer.value)


def _quotas(region: Region, sizes: Any, usage: Any, shown: Any) -> Iterator[Row]:
    families = {str(one.get("family")) for one in items(sizes) if one.get("name") == region.node_pools.vm_size}
    if not families:
        yield unknown("quotas", f"Azure has no size {region.node_pools.vm_size} here")
    for family in (*sorted(families), "cores"):
        yield operation.quota(region, family, usage, shown)
