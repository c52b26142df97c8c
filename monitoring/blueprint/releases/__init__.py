"""The Helm releases of a region, in the order in which they are installed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import islice
from typing import Any

from monitoring.blueprint.components.model import NAMESPACE
from monitoring.blueprint.components.of_region import has_release
from monitoring.blueprint.components.workloads import (
    KUBE_PROMETHEUS_STACK,
    OAUTH2_PROXY,
    OBJECTS,
    POSTGRES_RELEASE,
    REDIS_RELEASE,
    THANOS,
    THANOS_CACHE,
    THANOS_GLOBAL,
)
from monitoring.blueprint.releases import (
    kube_prometheus_stack,
    oauth2_proxy,
    objects,
    prometheus_postgres_exporter,
    prometheus_redis_exporter,
    receive_router,
    thanos,
    thanos_cache,
    thanos_global,
)
from monitoring.blueprint.releases.final_values import effective, final_problems
from monitoring.blueprint.releases.release import Release
from monitoring.blueprint.rules.loader import rules
from monitoring.blueprint.scraping.files import override_faults, scrape_files
from monitoring.blueprint.values import closed_schema
from monitoring.blueprint.values.charts import HELM_VALUES, versions
from monitoring.blueprint.values.image_digests import digest_values, image_override_faults
from monitoring.blueprint.values.layers import changes, compose, nested, overlaps
from monitoring.errors import InvalidInput, Problem
from monitoring.fleet.loader import MOST_TOLD, Fleet, RegionFile
from monitoring.fleet.model import Peer, Region
from monitoring.fleet.yaml_file import YamlFile, dotted, leaves, merged, read_yaml

_Computed = Callable[[Region, Sequence[Peer]], Mapping[str, Any]]


def _alone(computed: Callable[[Region], Mapping[str, Any]]) -> _Computed:
    """A release that knows nothing of other regions."""
    return lambda region, _: computed(region)


@dataclass(frozen=True, kw_only=True)
class _Recipe:
    """How a release is made: `computed` is in `module`, the static values are in `helm-values/<name>.yaml`.

    `written` is False for a release that has none. `of_chart` is for a second release of a chart. `per_ingestor` is
    what each ingestor adds to the timeout.
    """

    name: str
    of_chart: str = ""
    computed: _Computed
    written: bool = True
    timeout: int
    per_ingestor: int = 0
    atomic: bool
    after: tuple[str, ...] = ()
    known_after_apply: Mapping[str, str] = field(default_factory=dict)

    @property
    def chart(self) -> str:
        return self.of_chart or self.name

    @property
    def module(self) -> str:
        return f"monitoring/blueprint/releases/{self.name.replace('-', '_')}.py"


RECIPES = (
    # first: pods of the others mount the Secrets of its certificates. So it holds no kind that another release defines
    # its pods, the routers, may wait for a node
    _Recipe(name=OBJECTS, computed=objects.computed, written=False, timeout=900, atomic=True),
    # atomic would roll back, or at a first install delete the evidence, while volumes attach and a WAL is replayed
    _Recipe(
        name=KUBE_PROMETHEUS_STACK,
        computed=kube_prometheus_stack.computed,
        timeout=1800,
        atomic=False,
        after=(OBJECTS,),
        known_after_apply=kube_prometheus_stack.KNOWN_AFTER_APPLY,
    ),
    # only where the region has it
    _Recipe(
        name=THANOS_CACHE,
        of_chart="memcached",
        computed=_alone(thanos_cache.computed),
        timeout=300,
        atomic=True,
        after=(OBJECTS, KUBE_PROMETHEUS_STACK),
    ),
    # the ingestors, one after another, each with 900 s to write its head to Blob
    _Recipe(
        name=THANOS,
        computed=_alone(thanos.computed),
        timeout=900,
        per_ingestor=900,
        atomic=False,
        after=(OBJECTS, KUBE_PROMETHEUS_STACK),
    ),
    # only where the region has the global view
    _Recipe(
        name=THANOS_GLOBAL,
        of_chart=THANOS,
        computed=thanos_global.computed,
        timeout=600,
        atomic=True,
        after=(OBJECTS, KUBE_PROMETHEUS_STACK, THANOS),
    ),
    _Recipe(
        name=OAUTH2_PROXY,
        computed=_alone(oauth2_proxy.computed),
        timeout=600,
        atomic=True,
        after=(OBJECTS, KUBE_PROMETHEUS_STACK, THANOS),
        known_after_apply=oauth2_proxy.KNOWN_AFTER_APPLY,
    ),
    # the monitors of both are the operator's kind
    _Recipe(
        name=POSTGRES_RELEASE,
        computed=_alone(prometheus_postgres_exporter.computed),
        timeout=300,
        atomic=True,
        after=(OBJECTS, KUBE_PROMETHEUS_STACK),
        known_after_apply=prometheus_postgres_exporter.KNOWN_AFTER_APPLY,
    ),
    _Recipe(
        name=REDIS_RELEASE,
        computed=_alone(prometheus_redis_exporter.computed),
        timeout=300,
        atomic=True,
        after=(OBJECTS, KUBE_PROMETHEUS_STACK),
        known_after_apply=prometheus_redis_exporter.KNOWN_AFTER_APPLY,
    ),
)


def releases(region: Region, peers: Sequence[Peer]) -> tuple[Release, ...]:
    """Every release of a region, unchecked: `checked_releases` is for whoever installs them."""
    return _releases(region, _computed(region, peers))


def checked_releases(fleet: Fleet) -> Mapping[str, tuple[Release, ...]]:
    """The releases of every region, by region name; `InvalidInput` tells every wrong value of every layer."""
    problems = [*rules().problems, *scrape_files().problems]
    problems += [problem for recipe in RECIPES for problem in _static_problems(recipe)]
    computed = {file.region.name: _computed(file.region, fleet.peers_of(file.region)) for file in fleet.files}
    for file in fleet.files:
        problems += _region_problems(file, computed[file.region.name])
    if problems:
        raise InvalidInput(problems)
    made = {region.name: _releases(region, computed[region.name]) for region in fleet.regions}
    if problems := [problem for file in fleet.files for problem in final_problems(file, made[file.region.name])]:
        raise InvalidInput(problems)
    return {file.region.name: _as_it_runs(file, fleet, made[file.region.name]) for file in fleet.files}


def _as_it_runs(file: RegionFile, fleet: Fleet, made: tuple[Release, ...]) -> tuple[Release, ...]:
    """Computed anew where an override changes what a field gives: other values follow from it (a ring, an interval)."""
    region = effective(file, made).region
    if region is file.region:
        return made
    again = _releases(region, _computed(region, fleet.peers_of(region)))
    return tuple(replace(one, overrides=first.overrides) for one, first in zip(again, made, strict=True))


@cache
def static_values(name: str) -> YamlFile:
    """`helm-values/<name>.yaml`; empty for a release without one."""
    if name in {recipe.name for recipe in RECIPES if not recipe.written}:
        return YamlFile(name=f"helm-values/{name}.yaml", data={}, lines={})
    return read_yaml(HELM_VALUES / f"{name}.yaml", name=f"helm-values/{name}.yaml")


def _computed(region: Region, peers: Sequence[Peer]) -> Mapping[str, Mapping[str, Any]]:
    """The computed values of every release that the region has, by its name."""
    return {
        recipe.name: merged(recipe.computed(region, peers), nested(digest_values(recipe.name, versions())))
        for recipe in RECIPES
        if has_release(region, recipe.name)
    }


def _releases(region: Region, computed: Mapping[str, Mapping[str, Any]]) -> tuple[Release, ...]:
    """The routers are among the objects, as Thanos' values say, overrides included."""
    made = {
        recipe.name: _release(recipe, region, computed[recipe.name]) for recipe in RECIPES if recipe.name in computed
    }
    routers = receive_router.routers(region, made[THANOS].values)
    made[OBJECTS] = replace(made[OBJECTS], values={"objects": [*computed[OBJECTS]["objects"], *routers]})
    return tuple(made.values())


def _release(recipe: _Recipe, region: Region, computed: Mapping[str, Any]) -> Release:
    composed = compose(static_values(recipe.name).data, computed, region.helm_values.get(recipe.name, {}))
    return Release(
        name=recipe.name,
        chart=versions().charts[recipe.chart],
        namespace=NAMESPACE,
        values=composed.values,
        after=recipe.after,
        known_after_apply=recipe.known_after_apply,
        overrides=composed.overrides,
        timeout=recipe.timeout + recipe.per_ingestor * region.thanos.receive.replicas,
        atomic=recipe.atomic,
    )


def _static_problems(recipe: _Recipe) -> list[Problem]:
    source = static_values(recipe.name)
    return [
        Problem(file=source.name, line=source.line(path), path=dotted(path), message=message)
        for path, message in closed_schema.faults(recipe.chart, source.data)
    ]


def _region_problems(file: RegionFile, computed: Mapping[str, Mapping[str, Any]]) -> list[Problem]:
    recipes = [recipe for recipe in RECIPES if recipe.name in computed]
    # of a list alone there is no part to override: in its scheduling, every certificate and policy would be gone
    names = [recipe.name for recipe in recipes if recipe.written]
    problems = [
        file.problem(("helm_values", name), f"must be a release with values, one of {', '.join(names)}")
        for name in file.region.helm_values
        if name not in names
    ]
    problems += [file.problem(path, message) for path, message in override_faults(file.region.helm_values)]
    problems += [
        file.problem(("helm_values", *path), "must be plain data, got a Terraform token")
        for path, value in leaves(file.region.helm_values)
        if any("TfToken[" in part for part in (*path, value) if isinstance(part, str))
    ]
    for recipe in recipes:
        written, ours = static_values(recipe.name), computed[recipe.name]
        problems += overlaps(written.data, ours, file=written.name, module=recipe.module)
        problems += [
            Problem(file=recipe.module, path=dotted(path), message=message)
            for path, message in closed_schema.faults(recipe.chart, ours)
        ]
        override = file.region.helm_values.get(recipe.name, {})
        changed = list(changes(merged(written.data, ours), override))
        found = [*islice(closed_schema.faults(recipe.chart, override), MOST_TOLD)]
        found += [(change.path, fault) for change in changed if (fault := change.fault)]
        found += image_override_faults(recipe.name, (change.path for change in changed), versions())
        if recipe.name == THANOS:
            unread = ((change.path, receive_router.override_fault(change.place)) for change in changed)
            found += [(path, fault) for path, fault in unread if fault]
        problems += [file.problem(("helm_values", recipe.name, *path), message) for path, message in found]
    return problems
