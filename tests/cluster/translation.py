"""A region's Terraform JSON without Azure: what is left meets the cluster's API as it stands.

Each `azurerm_…` becomes a `terraform_data` of the same place: it does nothing, is made, changed and destroyed in the
same order as the original, and gives each attribute that others read a value of its own once it is made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Json = Mapping[str, Any]
"""A stack's Terraform JSON, or a part of it."""

REFERENCE = re.compile(r"(?P<data>data\.)?(?P<type>azurerm_\w+)\.(?P<name>[\w-]+)(?:\.(?P<attribute>\w+))?")

KEPT = ("count", "for_each")
"""Arguments of Terraform itself, which mean the same of any resource."""


def without_azure(stack: Json, *, chart: Callable[[Json], Mapping[str, Any]]) -> dict[str, Any]:
    """The stack for a cluster that a kubeconfig names, its state beside it.

    `chart` says of a release what is to stand instead of its own arguments, such as where the chart lies.
    """
    ours = _parts(stack, azure=False)
    read = _attributes(ours)
    made = {
        _place(match): _without_action(body, place=_place(match), attributes=read.get(_place(match), set()))
        for address, body in _parts(stack, azure=True)
        if (match := REFERENCE.fullmatch(address))
    }
    resources = {
        kind: {name: _replaced(body, bodies=made) for name, body in named.items()}
        for kind, named in stack["resource"].items()
        if not kind.startswith("azurerm_")
    }
    for release in resources["helm_release"].values():
        release.update(chart(release))
    settings = stack["terraform"]
    providers = {name: one for name, one in settings["required_providers"].items() if name != "azurerm"}
    return {
        "terraform": {"required_version": settings["required_version"], "required_providers": providers},
        "provider": {name: [{}] for name in providers},
        "data": {
            kind: _replaced(named, bodies=made)
            for kind, named in stack.get("data", {}).items()
            if not kind.startswith("azurerm_")
        },
        "resource": {**resources, "terraform_data": {name: _replaced(one, bodies=made) for name, one in made.items()}},
    }


def _parts(stack: Json, *, azure: bool) -> list[tuple[str, Json]]:
    """Address and body of each resource and data source, those of Azure or all others."""
    return [
        (f"{prefix}{kind}.{name}", body)
        for block, prefix in (("resource", ""), ("data", "data."))
        for kind, named in stack.get(block, {}).items()
        for name, body in named.items()
        if kind.startswith("azurerm_") == azure
    ]


def _attributes(parts: list[tuple[str, Json]]) -> dict[str, set[str]]:
    """Attributes of Azure's resources that others read, by their new name."""
    found: dict[str, set[str]] = {}
    for match in (match for _, body in parts for text in _texts(body) for match in REFERENCE.finditer(text)):
        if match["attribute"]:
            found.setdefault(_place(match), set()).add(match["attribute"])
    return found


def _without_action(body: Json, *, place: str, attributes: set[str]) -> dict[str, Any]:
    """In the place of one of Azure's: what it waits for, whether it may be destroyed, and what others read of it."""
    waits = {match[0] if not match["attribute"] else match[0].rpartition(".")[0] for match in _references(body)}
    waits |= set(body.get("depends_on", ()))
    kept = {key: value for key, value in body.items() if key in KEPT}
    if body.get("lifecycle", {}).get("prevent_destroy"):  # all else of it speaks of arguments that are gone
        kept["lifecycle"] = {"prevent_destroy": True}
    return {**kept, "depends_on": sorted(waits), "input": {name: f"{place}.{name}" for name in sorted(attributes)}}


def _references(body: Json) -> Iterator[re.Match[str]]:
    return (match for text in _texts(body) for match in REFERENCE.finditer(text))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def _place(match: re.Match[str]) -> str:
    return f"{'data-' if match['data'] else ''}{match['type']}--{match['name']}"


def _replaced(value: Any, *, bodies: Mapping[str, Any]) -> Any:
    """A value whose references to Azure are those to what stands in their place."""

    def other(match: re.Match[str]) -> str:
        place = _place(match)
        if place not in bodies:
            return match[0]  # prose that looks like an address
        return f"terraform_data.{place}" + (f".output.{match['attribute']}" if match["attribute"] else "")

    if isinstance(value, str):
        return REFERENCE.sub(other, value)
    if isinstance(value, Mapping):
        return {key: _replaced(one, bodies=bodies) for key, one in value.items()}
    if isinstance(value, list):
        return [_replaced(one, bodies=bodies) for one in value]
    return value
