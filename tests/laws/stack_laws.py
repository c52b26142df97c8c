"""What holds for every resource of every stack, as pure functions of the Terraform JSON.

A law yields one sentence per violation. Beside each law stands the fault that it is there for, as an
edit of correct JSON: `test_stacks.py` runs every law on the real stacks, and once on the fault.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from monitoring.effective.safe_values import STATEFUL, violations
from monitoring.effective.stacks import stack_facts

Stack = dict[str, Any]
Resource = dict[str, Any]

WITHOUT_TAGS = frozenset(
    {
        "azurerm_data_protection_backup_instance_disk",
        "azurerm_data_protection_backup_policy_disk",
        "azurerm_federated_identity_credential",
        "azurerm_monitor_diagnostic_setting",
        "azurerm_role_assignment",
        "azurerm_role_definition",
        "azurerm_storage_container",
    }
)
"""azurerm types whose schema has no `tags`."""

TAGS = frozenset({"application", "component", "environment", "managed-by"})

EXACT_VERSION = re.compile(r"^\d+\.\d+\.\d+$")
REFERENCE = re.compile(r"(?P<data>data\.)?(?P<type>[a-z0-9_]+)\.(?P<name>[A-Za-z0-9_-]+)\.")
MOVING_TAGS = frozenset({"", "latest", "main", "master", "edge", "stable"})


def resources(stack: Stack) -> Iterator[tuple[str, str, Resource]]:
    """(type, address, body) of every resource."""
    for kind, named in sorted(stack.get("resource", {}).items()):
        for name, body in sorted(named.items()):
            yield kind, f"{kind}.{name}", body


def strings(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """(path, text) of every string below `value`, keys of mappings included."""
    if isinstance(value, Mapping):
        for key, below in value.items():
            yield f"{path}.{key} (key)", str(key)
            yield from strings(below, f"{path}.{key}")
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from strings(below, f"{path}[{index}]")
    elif isinstance(value, str):
        yield path, value


def waits_for(stack: Stack, resource: Resource) -> set[str]:
    """Addresses that must be there before the resource: those it names, and those that they wait for."""
    by_address = {address: body for _, address, body in resources(stack)}
    found: set[str] = set()
    new = set(resource.get("depends_on", []))
    while new:
        found |= new
        new = {one for address in new for one in by_address.get(address, {}).get("depends_on", [])} - found
    return found


def helm_values(stack: Stack) -> Iterator[tuple[str, Any]]:
    """(address, values) of every Helm release."""
    for kind, address, body in resources(stack):
        if kind == "helm_release":
            for text in body["values"]:
                yield address, yaml.safe_load(text)


def _interpolations(text: str) -> Iterator[str]:
    """The inside of every `${…}` and the bare `%{` that Terraform would evaluate."""
    text = text.replace("$${", "").replace("%%{", "")
    yield from re.findall(r"\$\{(.*?)\}", text, re.DOTALL)
    yield from re.findall(r"%\{", text)


def only_references_are_interpolated(stack: Stack) -> Iterator[str]:
    """`${` and `%{` are Terraform's: what is not a reference to something in the stack is a value gone wrong.

    But for releases' values: they are files, which Terraform hands on as they are.
    """
    known = {address for _, address, _ in resources(stack)}
    known |= {f"data.{kind}.{name}" for kind, named in stack.get("data", {}).items() for name in named}
    for path, text in strings({key: stack[key] for key in stack if key != "//"}):
        if re.match(r"\.resource\.helm_release\.[^.]+\.values\[", path):
            continue
        for inside in _interpolations(text):
            found = [f"{m['data'] or ''}{m['type']}.{m['name']}" for m in REFERENCE.finditer(inside)]
            of_itself = ".lifecycle." in path and re.search(r"\bself\.", inside)  # a condition on the resource
            if not any(address in known for address in found) and not of_itself:
                yield f"{path} holds an unescaped {inside!r}"


def helm_values_hold_no_token(stack: Stack) -> Iterator[str]:
    """Values are plain data: Terraform resolves nothing in them, so Helm would be given a token literally."""
    for kind, address, body in resources(stack):
        if kind != "helm_release":
            continue
        for text in body["values"]:
            for inside in _interpolations(text):
                if any(found["type"] in stack["resource"] for found in REFERENCE.finditer(inside)):
                    yield f"{address} has a reference in its values: {inside}"
            if re.search(r"TfToken\[|Token\[|-\d+(\.\d+)?e\+\d{3}", text):
                yield f"{address} has a token in its values"


def safe_values_are_kept(stack: Stack) -> Iterator[str]:
    """What holds data cannot be destroyed, nothing is public, rights are the least: the table that reviews use too."""
    yield from violations(stack_facts(stack))


def node_pools_are_chained(stack: Stack) -> Iterator[str]:
    """Each pool but one waits for another, so that a change which cycles pools without a drain never meets two."""
    pools = stack.get("resource", {}).get("azurerm_kubernetes_cluster_node_pool", {})
    waits = {name: body.get("depends_on", []) for name, body in pools.items()}
    first = [name for name, after in waits.items() if not any(".".join(one.split(".")[1:]) in pools for one in after)]
    if len(first) > 1:
        yield f"{', '.join(first)} wait for no other pool"


def what_lives_in_a_namespace_waits_for_it(stack: Stack) -> Iterator[str]:
    """Terraform makes at once what does not wait, and destroys a namespace under what lives in it."""
    namespaces = {
        body["metadata"]["name"]: a for kind, a, body in resources(stack) if kind == "kubernetes_namespace_v1"
    }
    for kind, address, body in resources(stack):
        namespace = body["namespace"] if kind == "helm_release" else body.get("metadata", {}).get("namespace")
        if namespace and namespaces.get(namespace) not in waits_for(stack, body):
            yield f"{address} does not wait for its namespace {namespace}"


PUBLIC_SWITCHES = re.compile(r"(^|_)public_(network_access|ip)_enabled$|^allow_nested_items_to_be_public$")


def nothing_is_public(stack: Stack) -> Iterator[str]:
    """No resource and no Service answers to the internet."""
    for kind, address, body in resources(stack):
        for key, value in body.items():
            if PUBLIC_SWITCHES.search(key) and value is not False:
                yield f"{address}.{key} must be false, got {value!r}"
        if kind.startswith("azurerm_public_ip"):
            yield f"{address} is a public address"
    for address, values in helm_values(stack):
        for path, text in strings(values):
            if path.endswith(".type") and text in {"LoadBalancer", "NodePort"}:
                yield f"{address}{path} is {text}: a public address of its own beside the Gateway"


def everything_is_tagged(stack: Stack) -> Iterator[str]:
    """Costs and owners are found by tags."""
    for kind, address, body in resources(stack):
        if kind.startswith("azurerm_") and kind not in WITHOUT_TAGS and not body.get("tags", {}).keys() >= TAGS:
            yield f"{address} lacks the tags {sorted(TAGS - body.get('tags', {}).keys())}"


def charts_and_providers_are_pinned(stack: Stack) -> Iterator[str]:
    """The same commit gives the same system: exact versions only."""
    for name, provider in stack["terraform"]["required_providers"].items():
        if not EXACT_VERSION.match(provider["version"]):
            yield f"provider {name} has the version {provider['version']!r}"
    for kind, address, body in resources(stack):
        if kind == "helm_release" and not EXACT_VERSION.match(body.get("version", "")):
            yield f"{address} has the version {body.get('version')!r}"


def _images(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, below in value.items():
            here = f"{path}.{key}"
            if key == "tag":
                yield here, str(below)
            elif key == "image" and isinstance(below, str):
                yield here, below.rpartition(":")[2] if ":" in below.rpartition("/")[2] else ""
            else:
                yield from _images(below, here)
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from _images(below, f"{path}[{index}]")


def images_are_pinned(stack: Stack) -> Iterator[str]:
    """Where values name an image, its tag is one version."""
    for address, values in helm_values(stack):
        for path, tag in _images(values):
            if tag in MOVING_TAGS:
                yield f"{address}{path} must be a fixed version, got {tag!r}"


@dataclass(frozen=True, kw_only=True)
class Law:
    """`holds` yields the violations in a stack; `fault` makes one in a region's correct stack."""

    holds: Callable[[Stack], Iterator[str]]
    fault: Callable[[Stack], None]

    def __str__(self) -> str:
        return self.holds.__name__


def _first(stack: Stack, kind: str) -> Resource:
    body: Resource = next(iter(stack["resource"][kind].values()))
    return body


def _append_to_values(text: str) -> Callable[[Stack], None]:
    def fault(stack: Stack) -> None:
        _first(stack, "helm_release")["values"][0] += text

    return fault


def _set(kind: str, key: str, value: object) -> Callable[[Stack], None]:
    def fault(stack: Stack) -> None:
        _first(stack, kind)[key] = value

    return fault


def _unchained(stack: Stack) -> None:
    for body in stack["resource"]["azurerm_kubernetes_cluster_node_pool"].values():
        body.pop("depends_on", None)


LAWS = (
    Law(holds=only_references_are_interpolated, fault=_set("azurerm_managed_disk", "name", "disk-${1}")),
    Law(holds=only_references_are_interpolated, fault=_set("azurerm_managed_disk", "name", "%{ if true }")),
    Law(
        holds=only_references_are_interpolated,
        fault=_set("azurerm_managed_disk", "name", "${azurerm_nothing.here.id}"),
    ),
    Law(holds=helm_values_hold_no_token, fault=_append_to_values("\nid: ${azurerm_managed_disk.a.id}\n")),
    Law(holds=helm_values_hold_no_token, fault=_append_to_values("\nid: TfToken[TOKEN.12]\n")),
    Law(holds=helm_values_hold_no_token, fault=_append_to_values("\nnumber: -8.10956221259138e+298\n")),
    Law(holds=what_lives_in_a_namespace_waits_for_it, fault=_set("kubernetes_service_account_v1", "depends_on", [])),
    Law(holds=what_lives_in_a_namespace_waits_for_it, fault=_set("helm_release", "namespace", "elsewhere")),
    Law(holds=safe_values_are_kept, fault=_set("azurerm_managed_disk", "lifecycle", {})),
    Law(holds=safe_values_are_kept, fault=_set("azurerm_storage_account", "public_network_access_enabled", True)),
    Law(holds=safe_values_are_kept, fault=_set("azurerm_managed_disk", "network_access_policy", "AllowAll")),
    Law(holds=safe_values_are_kept, fault=_set("azurerm_storage_account", "blob_properties", {})),
    Law(holds=safe_values_are_kept, fault=_set("azurerm_storage_container", "container_access_type", "blob")),
    Law(holds=safe_values_are_kept, fault=_set("kubernetes_storage_class_v1", "reclaim_policy", "Delete")),
    Law(holds=safe_values_are_kept, fault=_set("kubernetes_service_v1", "metadata", {"name": "federation"})),
    Law(
        holds=safe_values_are_kept, fault=_set("kubernetes_service_account_v1", "automount_service_account_token", True)
    ),
    Law(holds=safe_values_are_kept, fault=_append_to_values("\nx: {insecureSkipVerify: true}\n")),
    Law(holds=node_pools_are_chained, fault=_unchained),
    Law(
        holds=nothing_is_public,
        fault=_set("azurerm_kubernetes_cluster_node_pool", "node_public_ip_enabled", True),
    ),
    Law(holds=nothing_is_public, fault=_append_to_values("\nservice2: {type: LoadBalancer}\n")),
    Law(holds=everything_is_tagged, fault=_set("azurerm_storage_account", "tags", {})),
    Law(holds=charts_and_providers_are_pinned, fault=_set("helm_release", "version", "~> 1.0")),
    Law(holds=images_are_pinned, fault=_append_to_values("\nimage2: {tag: latest}\n")),
    Law(holds=images_are_pinned, fault=_append_to_values("\nsidecar: [{image: quay.io/example/proxy}]\n")),
)


def stateful_addresses(stack: Stack) -> list[str]:
    """Addresses whose change destroys data: `type.name`, sorted."""
    return sorted(address for kind, address, _ in resources(stack) if kind in STATEFUL)
