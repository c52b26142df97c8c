"""The types that charts share are made from the operator's definitions, Kubernetes' and the hand-kept ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitoring.blueprint.values import structures
from monitoring.rendering.value_types import types_text

TLS = {"type": "object", "properties": {"serverName": {"type": "string"}}}
SPEC: dict[str, Any] = {
    "type": "object",
    "properties": {
        "tls": TLS,
        "other": {"type": "object", "properties": {"tls": TLS}},
        "free": {"type": "object", "properties": {"a": {}}, "x-kubernetes-preserve-unknown-fields": True},
        "size": {"x-kubernetes-int-or-string": True, "pattern": structures.QUANTITY},
        "limits": {
            "type": "object",
            "additionalProperties": {"x-kubernetes-int-or-string": True, "pattern": structures.QUANTITY},
        },
        "tolerations": {"type": "array", "items": {"type": "object", "properties": {"key": {"type": "string"}}}},
        "affinity": {"type": "object", "properties": {"moreThanKubernetes": {"type": "string"}}},
        "mode": {"type": "string", "enum": ["a", "b"], "description": "left out"},
    },
}
HAND_KEPT = {
    "by_name": {"tolerations": ["Toleration"], "affinity": "Affinity"},
    "operator": {"Example": "Example.spec", "TLS": "Example.spec.tls"},
    "types": {"ResourceList": {"cpu": "quantity"}},
}


@pytest.fixture
def types(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(structures, "SCHEMAS", tmp_path)
    (tmp_path / "structures").mkdir()
    (tmp_path / "structures" / "program.yaml").write_text(
        "Config: {wait: duration, parts: [Part]}\nPart: {a: Config}\n"
    )
    (tmp_path / "types.yaml").write_text(yaml.safe_dump(HAND_KEPT))
    (tmp_path / "crds").mkdir()
    versions = [{"schema": {"openAPIV3Schema": {"properties": {"spec": SPEC}}}}]
    definition = {"spec": {"names": {"kind": "Example"}, "versions": versions}}
    (tmp_path / "crds" / "examples.yaml").write_text(yaml.safe_dump(definition))
    found: dict[str, Any] = json.loads(types_text(tmp_path / "crds", kubernetes="1.36"))["$defs"]
    return found


def test_the_operators_definition_is_closed_and_small(types: dict[str, Any]) -> None:
    example = types["Example"]
    assert example["additionalProperties"] is False
    assert example["properties"]["free"]["additionalProperties"] is True
    assert example["properties"]["mode"] == {"type": ["string", "null"], "enum": ["a", "b"]}


def test_equal_parts_have_one_name(types: dict[str, Any]) -> None:
    properties = types["Example"]["properties"]
    assert properties["tls"] == properties["other"]["properties"]["tls"] == {"$ref": "types.json#/$defs/TLS"}


def test_kubernetes_own_types_stand_once_unless_the_operator_knows_more(types: dict[str, Any]) -> None:
    properties = types["Example"]["properties"]
    assert properties["tolerations"]["items"] == {"$ref": "types.json#/$defs/Toleration"}
    assert types["Toleration"]["additionalProperties"] is False
    assert list(properties["affinity"]["properties"]) == ["moreThanKubernetes"]


def test_quantities_are_quantities(types: dict[str, Any]) -> None:
    properties = types["Example"]["properties"]
    assert properties["size"]["description"] == "a quantity such as 500m, 0.5, 4Gi or 1.5Gi"
    assert properties["limits"] == {"$ref": "types.json#/$defs/ResourceList"}


def test_structures_refer_to_their_own_types(types: dict[str, Any]) -> None:
    properties = types["program.Config"]["properties"]
    assert properties["parts"]["items"] == {"$ref": "types.json#/$defs/program.Part"}
    assert types["program.Part"]["properties"]["a"] == {"$ref": "types.json#/$defs/program.Config"}


@pytest.mark.usefixtures("types")
def test_a_type_that_nobody_knows_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "structures" / "program.yaml").write_text("Config: {wait: Duratoin}\n")
    with pytest.raises(ValueError, match="Duratoin must be a type of structures/"):
        types_text(tmp_path / "crds", kubernetes="1.36")
