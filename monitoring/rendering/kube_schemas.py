"""Schemas of Kubernetes objects: the core ones from PyPI's kubernetes-validate, custom ones from rendered CRDs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import chain
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match
from kubernetes_validate.utils import all_versions, schema_contents
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from monitoring.blueprint.values.manifests import Manifest

Key = tuple[str, str]
"""(apiVersion, kind)."""


def strict_folder(version: str) -> str:
    """Where kubernetes-validate has the strict schemas of a minor version; `ValueError` where it has none."""
    known = [full for full in all_versions() if full.startswith(f"{version}.")]
    if not known:
        raise ValueError(f"Kubernetes must be of a version that kubernetes-validate knows, got {version}")
    return f"kubernetes-json-schema/v{known[-1]}-local-strict"


class KubeSchemas:
    """Strict schemas, where an unknown field is an error, for one minor version of Kubernetes."""

    def __init__(self, version: str, *, definitions: Iterable[Manifest]) -> None:
        """`version` is such as 1.36; `definitions` are CustomResourceDefinitions."""
        self._folder = strict_folder(version)
        self._version = version
        definitions = list(definitions)
        self._custom = {key: _validator(schema) for crd in definitions for key, schema in _custom_schemas(crd)}
        self._deprecated = {key for crd in definitions for key in _deprecated(crd)}
        self._core: dict[Key, Draft202012Validator | None] = {}

    def faults(self, manifest: Manifest) -> Iterator[str] | None:
        """What is wrong with the object, field by field; None where no schema is known for its kind.

        A version of an API that Kubernetes or a chart's definition has removed or deprecated is a fault.
        """
        key = (str(manifest.get("apiVersion")), str(manifest.get("kind")))
        validator = self._custom.get(key) or self._of_core(key)
        if validator is None:
            return iter([self._of_api(key, "is not served")]) if self._is_built_in(key[0]) else None
        return chain(self._deprecations(key), map(_sentence, validator.iter_errors(manifest)))

    def _deprecations(self, key: Key) -> Iterator[str]:
        """Kubernetes says it in the description of a kind; what is not stable yet goes within three releases."""
        if key in self._deprecated:
            yield self._of_api(key, "is deprecated")
        elif key not in self._custom:
            validator = self._of_core(key)
            schema = validator.schema if validator else {}
            if isinstance(schema, Mapping) and "deprecated" in str(schema.get("description")).lower():
                yield self._of_api(key, "is deprecated")
            if not re.fullmatch(r"v\d+", key[0].rpartition("/")[2]):
                yield self._of_api(key, "is not stable")

    def _of_api(self, key: Key, what: str) -> str:
        return f"apiVersion: {key[0]} of {key[1]} {what} in Kubernetes {self._version}"

    def _is_built_in(self, api_version: str) -> bool:
        """Whether the group is one of Kubernetes' own; others are custom resources."""
        group = api_version.rpartition("/")[0]
        definitions: Mapping[str, Any] = schema_contents(f"{self._folder}/_definitions.json", self._version)["$defs"]
        kinds = (kind for one in definitions.values() for kind in one.get("x-kubernetes-group-version-kind", ()))
        return any(kind["group"] == group for kind in kinds)

    def _of_core(self, key: Key) -> Draft202012Validator | None:
        if key not in self._core:
            api = re.sub(r"^([^./]*)(?:\.[^/]*)?/", r"\1-", key[0])
            try:
                schema = schema_contents(f"{self._folder}/{key[1].lower()}-{api}.json", self._version)
            except FileNotFoundError:
                self._core[key] = None
            else:
                self._core[key] = _validator(schema, self._registry)
        return self._core[key]

    @cached_property
    def _registry(self) -> Registry[Any]:
        contents = schema_contents(f"{self._folder}/_definitions.json", self._version)
        return Resource.from_contents(contents, default_specification=DRAFT202012) @ Registry[Any]()


def _validator(schema: Mapping[str, Any], registry: Registry[Any] | None = None) -> Draft202012Validator:
    return Draft202012Validator(schema, registry=registry) if registry else Draft202012Validator(schema)


def _deprecated(crd: Manifest) -> Iterator[Key]:
    """Versions that the definition deprecates, or that the API server does not answer."""
    spec = crd["spec"]
    for version in spec["versions"]:
        if version.get("deprecated") or not version["served"]:
            yield f"{spec['group']}/{version['name']}", spec["names"]["kind"]


def _custom_schemas(crd: Manifest) -> Iterator[tuple[Key, Mapping[str, Any]]]:
    spec = crd["spec"]
    for version in spec["versions"]:
        schema = _closed(version["schema"]["openAPIV3Schema"])
        # every object has these, whether or not the definition says so
        schema["properties"] |= {"apiVersion": {}, "kind": {}, "metadata": {"type": "object"}}
        yield (f"{spec['group']}/{version['name']}", spec["names"]["kind"]), schema


def _closed(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A structural schema of a CRD as strict JSON Schema: what the API server would prune is an error."""
    closed: dict[str, Any] = {key: _below(key, value) for key, value in schema.items()}
    if schema.get("x-kubernetes-int-or-string"):
        closed["type"] = ["integer", "string"]
    elif schema.get("nullable") and isinstance(schema.get("type"), str):
        closed["type"] = [schema["type"], "null"]
    is_free = schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema
    if "properties" in schema and not is_free:
        closed["additionalProperties"] = False
    return closed


def _below(key: str, value: Any) -> Any:
    if key == "properties":
        return {name: _closed(schema) for name, schema in value.items()}
    if key in {"items", "additionalProperties"} and isinstance(value, Mapping):
        return _closed(value)
    return value


def _sentence(fault: ValidationError) -> str:
    """`path: what is wrong`; of alternatives, the fault that comes nearest."""
    nearest = best_match([fault]) or fault
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in nearest.absolute_path)
    return f"{path.removeprefix('.')}: {nearest.message[:300]}"
