"""Whatever differs between two folders of stacks is found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.engines.comparison import differences

STACK: dict[str, Any] = {
    "resource": {"disk": {"d0": {"size": 1, "zones": ["1", "2"], "tags": {}}}},
    "data": {"cluster": {"aks": {"name": "aks"}}},
    "output": {"ip": {"value": "10.0.0.1"}},
    "locals": {"on": True},
    "terraform": {"backend": {"azurerm": {"key": "a"}}},
}


def folder(at: Path, stack: dict[str, Any], **files: str) -> Path:
    (at / "stacks").mkdir(parents=True)
    (at / "stacks" / "cdk.tf.json").write_text(json.dumps(stack))
    for name, text in files.items():
        (at / name).write_text(text)
    return at


@pytest.mark.parametrize(
    ("changed", "place", "said"),
    [
        ({"resource": {"disk": {"d0": {"size": 2, "zones": ["1", "2"], "tags": {}}}}}, "/resource/disk/d0/size", "12"),
        ({"resource": {"disk": {"d0": {"size": 1, "zones": ["1"], "tags": {}}}}}, "/resource/disk/d0/zones/1", '"2"-'),
        ({"resource": {"disk": {"d0": {"size": 1, "zones": ["1", "2"]}}}}, "/resource/disk/d0/tags", "{}-"),
        ({"data": {"cluster": {"aks": {"name": None}}}}, "/data/cluster/aks/name", '"aks"null'),
        ({"output": {"ip": {"value": "10.0.0.1", "sensitive": True}}}, "/output/ip/sensitive", "-true"),
        ({"locals": {"on": 1}}, "/locals/on", "true1"),
        ({"terraform": {"backend": {"azurerm": {"key": "b"}}}}, "/terraform/backend/azurerm/key", '"a""b"'),
    ],
)
def test_a_changed_value_is_reported_with_its_path(
    tmp_path: Path, changed: dict[str, Any], place: str, said: str
) -> None:
    found = differences(folder(tmp_path / "one", STACK), folder(tmp_path / "other", {**STACK, **changed}))
    assert {path: "".join(side or "-" for side in sides) for path, sides in found.items()} == {
        f"stacks/cdk.tf.json:{place}": said
    }


def test_the_order_of_keys_is_no_difference_but_that_of_a_list_is(tmp_path: Path) -> None:
    one = folder(tmp_path / "one", {"a": 1, "b": ["x", "y"]})
    assert differences(one, folder(tmp_path / "two", {"b": ["x", "y"], "a": 1})) == {}
    assert differences(one, folder(tmp_path / "three", {"a": 1, "b": ["y", "x"]})) == {
        "stacks/cdk.tf.json:/b/0": ('"x"', '"y"'),
        "stacks/cdk.tf.json:/b/1": ('"y"', '"x"'),
    }


def test_a_file_that_one_lacks_or_has_otherwise_is_reported(tmp_path: Path) -> None:
    one = folder(tmp_path / "one", STACK, chart="a", values="b")
    other = folder(tmp_path / "other", STACK, chart="c", more="d")
    assert differences(one, other) == {"chart": ("a", "c"), "values": ("b", None), "more": (None, "d")}
