"""The cluster, and the region's stack on it: installed, destroyed, installed as the base has it, and upgraded."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from monitoring.blueprint.values.charts import ROOT
from monitoring.clock import ask_until_true
from monitoring.fleet import load_fleet
from monitoring.review.trees import checked_out, python_of
from tests.cluster import custom_resources
from tests.cluster.control_plane import control_plane
from tests.cluster.deployment import Deployment
from tests.cluster.filled_regions import synthesized
from tests.cluster.kubectl import Cluster, Object, Refused, named
from tests.cluster.nodes import nodes, played_by_kwok
from tests.cluster.operator_process import operator
from tests.cluster.outside import outside
from tests.cluster.readiness import unready, unreconciled
from tests.cluster.references import dangling
from tests.cluster.stand_ins import standing_in, workload_identity
from tests.tables import PHASES

PATIENCE = 300
"""Seconds for what controllers do on their own."""

NAMESPACE = "monitoring"
"""A cluster that has this namespace may be one that somebody needs."""

ASK_FOR_SECRETS = ("Certificate", "SecretProviderClass")
"""Kinds of which others make Secrets."""

TIMES: list[tuple[str, str]] = []
"""Phases that fixtures have passed, with their seconds, until a test puts them into the table."""


@contextmanager
def timed(phase: str) -> Iterator[None]:
    """Puts a phase into the table of times."""
    begin = time.monotonic()
    yield
    TIMES.append((phase, f"{time.monotonic() - begin:.0f}"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """The first test after a phase tells how long it took."""
    while TIMES:
        PHASES.put(item, TIMES.pop(0))


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A cluster, the deployment on it, the folder of each synthesized tree's stack, and what was there `before`."""

    cluster: Cluster
    deployment: Deployment
    stacks: Mapping[str, Path]
    scratch: Path
    before: frozenset[str]

    def settled(self, find: Callable[[list[Object]], list[str]]) -> list[str]:
        """What a check still finds among all objects of the cluster when they have had time to settle."""
        found: list[str] = []

        def clean() -> bool:
            found[:] = find(self.cluster.everything())
            return not found

        ask_until_true(clean, patience=PATIENCE, pause=2)
        return found

    def ours(self, one: Object) -> bool:
        """Whether the stack or what it runs has made this; not in a namespace of the cluster's own."""
        return named(one) not in self.before and not in_system(one)

    def install(self, tree: str) -> None:
        """Apply the stack of `head` or `base`, and wait for what cert-manager and the Key Vault driver make of it."""
        with timed(f"apply {tree}"):
            self.deployment.take(self.stacks[tree])
            self.deployment.apply()
        assert self.settled(lambda found: dangling(found, about=lambda one: one["kind"] in ASK_FOR_SECRETS)) == []

    def adopt_claims(self, tree: str) -> None:
        """After docs/operations.md, "Claims that the StatefulSet made": those that the tree's Terraform would make."""
        self.deployment.take(self.stacks[tree])
        existing = {one["metadata"]["name"] for one in self.cluster.objects("persistentvolumeclaims")}
        for address, name in self.deployment.claims_to_make().items():
            if name in existing:
                self.deployment.terraform("import", address, f"{NAMESPACE}/{name}")

    def unready(self) -> list[str]:
        """Of the workloads and of what the operator makes."""
        return self.settled(lambda found: [*unready(filter(self.ours, found)), *unreconciled(filter(self.ours, found))])


def in_use(namespaces: list[Object]) -> bool:
    """Whether the cluster may be one that somebody needs."""
    return any(one["metadata"]["name"] == NAMESPACE for one in namespaces)


def in_system(one: Object) -> bool:
    """In kube-system, kube-public or kube-node-lease."""
    return str(one["metadata"].get("namespace", "")).startswith("kube-")


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The cluster of TEST_KUBECONFIG, else a control plane on loopback; with what AKS and its add-ons bring."""
    folder = tmp_path_factory.mktemp("cluster")
    with ExitStack() as stack:
        given = os.environ.get("TEST_KUBECONFIG")
        with timed("control plane"):
            kubeconfig = Path(given) if given else stack.enter_context(control_plane(folder))
            cluster = Cluster(kubeconfig=kubeconfig)
            if in_use(cluster.objects("namespaces")):
                pytest.fail(f"{kubeconfig}: the cluster must not have a namespace {NAMESPACE}: it would be destroyed")
            custom_resources.install(cluster)
            cluster.apply([workload_identity()])
        stack.enter_context(played_by_kwok(cluster, folder))
        stack.enter_context(standing_in(cluster))
        yield cluster


@pytest.fixture(scope="session")
def trial(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Trial:
    """This tree and the base, synthesized; nothing is applied."""
    scratch = tmp_path_factory.mktemp("trial")
    name, base = os.environ["TEST_REGION"], os.environ["TEST_BASE"]
    with timed("synthesis of both trees"):
        tree = checked_out(base, into=scratch)
        folders = {
            "head": synthesized(ROOT, scratch / "of-head", python=sys.executable) / name,
            "base": synthesized(tree, scratch / "of-base", python=python_of(tree)) / name,
        }
    stacks = [json.loads((folder / "cdk.tf.json").read_text(encoding="utf-8")) for folder in folders.values()]
    pools = {one["metadata"]["name"]: one for stack in stacks for one in nodes(stack)}
    cluster.create(one for one in pools.values() if not _exists(cluster, one))
    cluster.apply(outside(load_fleet(scratch / "of-head" / "regions").region(name)))
    charts, mirror = os.environ.get("TEST_CHARTS"), os.environ.get("TEST_MIRROR")
    (scratch / "work").mkdir()
    deployment = Deployment(
        cluster=cluster,
        folder=scratch / "work",
        charts=Path(charts).resolve() if charts else None,
        mirror=Path(mirror).resolve() if mirror else None,
    )
    before = frozenset(map(named, cluster.everything()))
    return Trial(cluster=cluster, deployment=deployment, stacks=folders, scratch=scratch, before=before)


def _exists(cluster: Cluster, one: Object) -> bool:
    try:
        cluster.kubectl("get", one["kind"], one["metadata"]["name"])
    except Refused:
        return False
    return True


@pytest.fixture(scope="session")
def operating() -> Iterator[ExitStack]:
    """Holds the operator that is running; there is one at a time."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture(scope="session")
def installed(trial: Trial, operating: ExitStack) -> Trial:
    """This tree, on a cluster that had none of it."""
    trial.install("head")
    operating.enter_context(operator(trial.cluster, trial.scratch))
    return trial


@pytest.fixture(scope="session")
def destroyed(installed: Trial, operating: ExitStack) -> Trial:
    """After docs/prerequisites.md, "Remove a region"."""
    with timed("destroy"):
        deployment = installed.deployment
        deployment.terraform("state", "rm", *deployment.protected())
        deployment.terraform("destroy", "-input=false", "-auto-approve")
    operating.close()
    return installed


@dataclass(frozen=True, kw_only=True)
class Upgrade:
    """A trial in which the base was replaced by this tree; what held data `before`."""

    trial: Trial
    before: list[Object]


@pytest.fixture(scope="session")
def upgraded(destroyed: Trial, operating: ExitStack) -> Upgrade:
    """The base on a cluster without any of it, then this tree over it."""
    trial = destroyed
    trial.install("base")
    operating.enter_context(operator(trial.cluster, trial.scratch))
    assert trial.unready() == [], "the base must be ready before it is upgraded"
    before = stateful(trial.cluster)
    trial.adopt_claims("head")
    trial.install("head")
    operating.close()
    trial.cluster.kubectl("delete", "events", "--all", "-n", NAMESPACE)  # what the operator refuses, it will say again
    operating.enter_context(operator(trial.cluster, trial.scratch))
    return Upgrade(trial=trial, before=before)


def stateful(cluster: Cluster) -> list[Object]:
    """What holds data, and what would stop and start anew with another identity."""
    return cluster.objects("namespaces", "statefulsets", "persistentvolumes", "persistentvolumeclaims")
