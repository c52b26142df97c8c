"""The first release is waited for before another is installed: its pods may name nothing that a later one makes."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from monitoring.blueprint.components.workloads import OBJECTS
from monitoring.blueprint.values.manifests import pod_spec
from monitoring.fleet.model import Region
from tests.cluster.references import dangling
from tests.constructs.synthesized import ZONES, Stack, fleet, region_stack

Object = dict[str, Any]


def first_objects(stack: Stack) -> list[Object]:
    """What the release of our own objects installs."""
    (text,) = next(one["values"] for one in stack["resource"]["helm_release"].values() if one["name"] == OBJECTS)
    objects: list[Object] = yaml.safe_load(text)["objects"]
    return objects


def terraforms_objects(stack: Stack) -> Iterator[Object]:
    """What Terraform itself has in the cluster by then."""
    for kind, resources in stack["resource"].items():
        if kind.startswith("kubernetes_"):
            words = kind.removeprefix("kubernetes_").removesuffix("_v1").split("_")
            name = "".join(map(str.capitalize, words))
            yield from (
                {"kind": name, **{key: one[key] for key in ("metadata", "data") if key in one}}
                for one in resources.values()
            )


def issued(objects: list[Object]) -> Iterator[Object]:
    """The Secrets that cert-manager makes of Certificates."""
    for one in objects:
        if one["kind"] == "Certificate":
            data = dict.fromkeys(("tls.crt", "tls.key", "ca.crt"), "")
            yield {"kind": "Secret", "metadata": {**one["metadata"], "name": one["spec"]["secretName"]}, "data": data}


def missing(stack: Stack, objects: list[Object]) -> list[str]:
    """What pods of these objects name, and neither Terraform nor the same release makes."""
    there = [*objects, *terraforms_objects(stack), *issued(objects)]
    return dangling(there, about=lambda one: one in objects and pod_spec(one) is not None)


@pytest.mark.parametrize("region", fleet().regions, ids=lambda region: region.name)
def test_pods_of_the_first_release_need_no_later_one(region: Region) -> None:
    objects = first_objects(region_stack(region.name))
    assert any(map(pod_spec, objects))
    assert missing(region_stack(region.name), objects) == []


@pytest.mark.parametrize("kind", ["ServiceAccount", "ConfigMap", "Certificate"])
def test_object_that_comes_later_is_reported(kind: str) -> None:
    stack = region_stack(ZONES)
    assert missing(stack, [one for one in first_objects(stack) if one["kind"] != kind]) != []


def test_object_of_terraform_that_is_gone_is_reported() -> None:
    broken = copy.deepcopy(region_stack(ZONES))
    del broken["resource"]["kubernetes_priority_class_v1"]
    assert any("no PriorityClass" in found for found in missing(broken, first_objects(broken)))
