"""Thanos command lines of the local system, from the rendered chart.

`arguments` follows the templates of the chart (stevehipwell's thanos); tests/golden/flags.json, recorded from the real
templates, holds it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import yaml

from monitoring.blueprint.components.model import Component
from monitoring.blueprint.components.names import query_host
from monitoring.blueprint.components.workloads import (
    COMPACTOR,
    GLOBAL_QUERY,
    GLOBAL_QUERY_FRONTEND,
    QUERY,
    QUERY_FRONTEND,
    RECEIVE_INGESTOR,
    RECEIVE_ROUTER,
    STORE_GATEWAY,
)
from monitoring.blueprint.releases import receive_router
from monitoring.blueprint.releases.receive_router import LISTENERS
from monitoring.blueprint.releases.store_shards import shard_flags
from monitoring.local.region import ADDRESSES, FOLDERS, LOOPBACK, ONE_IS_ENOUGH, SECONDS, LocalRegion, Program, pod_name

KEYS: Mapping[str, tuple[str, str]] = {
    RECEIVE_INGESTOR.name: ("receive.ingestor", "receive"),
    RECEIVE_ROUTER.name: ("receive.router", "receive"),
    STORE_GATEWAY.name: ("storeGateway", "store"),
    COMPACTOR.name: ("compact", "compact"),
    QUERY.name: ("query", "query"),
    QUERY_FRONTEND.name: ("queryFrontend", "query-frontend"),
    GLOBAL_QUERY.name: ("query", "query"),
    GLOBAL_QUERY_FRONTEND.name: ("queryFrontend", "query-frontend"),
}
"""Where a component's values are, and Thanos' name for it."""

COMPONENTS = (RECEIVE_INGESTOR, RECEIVE_ROUTER, STORE_GATEWAY, COMPACTOR, QUERY, QUERY_FRONTEND)
GLOBAL_VIEW = (GLOBAL_QUERY, GLOBAL_QUERY_FRONTEND)
FRONTS = {QUERY_FRONTEND.name: QUERY, GLOBAL_QUERY_FRONTEND.name: GLOBAL_QUERY}
"""Whom a query-frontend hands on to."""

_SD_CONFIG = "--endpoint.sd-config="
NO_PRUNING = "pruning comes after two blocks, and kills Receive 0.42 while it opens its database"
"""pkg/receive/multitsdb.go, shouldBeMarkedInactive: a tenant without a database is a nil pointer."""

NO_CACHE = "each caches in its own memory: no memcached here"
IN_MEMORY = "{type: IN-MEMORY, config: {max_size: 64MB}}"

_Change = tuple[str, Sequence[object], str]
"""A flag, its values here, and why."""

_SERVICE = "{}.monitoring.svc.cluster.local"


def of_values(values: Any, path: str) -> Any:
    """The values below a dotted path."""
    for key in path.split("."):
        values = values.get(key, {})
    return values


def arguments(component: Component, local_region: LocalRegion) -> list[str]:
    """The flags of the component's container, as the chart renders them; the routers are objects of ours."""
    values = local_region.values(component.release)
    if component is RECEIVE_ROUTER:
        pod = receive_router.deployment(local_region.region, values)["spec"]["template"]["spec"]
        return list(pod["containers"][0]["args"][1:])
    flags = [*_first(component), f"--log.level={values.get('logLevel', 'info')}", f"--log.format={values['logFormat']}"]
    flags += [f"--{LISTENERS[port.name]}=0.0.0.0:{port.number}" for port in component.ports]
    if component in (STORE_GATEWAY, COMPACTOR):
        flags.append(f"--data-dir=/var/thanos/{KEYS[component.name][1]}")
    if component in (RECEIVE_INGESTOR, STORE_GATEWAY, COMPACTOR):
        flags.append("--objstore.config-file=/etc/thanos/objstore.yaml")
    if values["autoGomemlimit"]["enabled"]:
        flags += ["--enable-auto-gomemlimit", f"--auto-gomemlimit.ratio={values['autoGomemlimit']['ratio']}"]
    return [*flags, *_own(component, values), *of_values(values, KEYS[component.name][0]).get("extraArgs", ())]


def _first(component: Component) -> list[str]:
    return ["--wait"] if component is COMPACTOR else []


def _own(component: Component, values: Any) -> Iterator[str]:
    replica_labels = [
        *values["additionalReplicaLabels"],
        *(["receive_replica"] if values["receive"]["enabled"] else ()),
    ]
    role = KEYS[component.name][1]
    if component is RECEIVE_INGESTOR:
        yield "--tsdb.path=/var/thanos/receive"
        yield f"--tsdb.retention={values['receive']['retention']}"
        yield '--label=receive_replica="$(NAME)"'
        yield f"--receive.local-endpoint=$(NAME).{_SERVICE.format(component.service)}:{component.port('grpc').number}"
    elif role == "compact" and values["compact"]["deduplication"]["enabled"]:
        yield "--compact.enable-vertical-compaction"
        yield from (f"--deduplication.replica-label={label}" for label in replica_labels)
    elif role == "query":
        yield from (f"--query.replica-label={label}" for label in replica_labels)
        if values["query"].get("enableDnsDiscovery", True):
            for other in (STORE_GATEWAY, RECEIVE_INGESTOR):
                yield f"--endpoint=dnssrv+_grpc._tcp.{_SERVICE.format(other.service)}"
    elif role == "query-frontend":
        query = FRONTS[component.name]
        yield f"--query-frontend.downstream-url=http://{_SERVICE.format(query.service)}:{query.port('http').number}"


def programs(local_region: LocalRegion, objstore: Mapping[str, Any] | None) -> list[Program]:
    """Every part of a region that has a store; without one, what only takes samples and answers for them."""
    chosen = COMPONENTS if objstore else (RECEIVE_INGESTOR, RECEIVE_ROUTER, QUERY, QUERY_FRONTEND)
    return [
        _part(local_region, component, pod, objstore) for component in chosen for pod in _pods(local_region, component)
    ]


def global_view(local_region: LocalRegion) -> list[Program]:
    """The global Query and its front, of a region that has them."""
    return [
        _part(local_region, component, pod, None) for component in GLOBAL_VIEW for pod in _pods(local_region, component)
    ]


def _pods(local_region: LocalRegion, component: Component) -> list[str]:
    deployed = of_values(local_region.values(component.release), KEYS[component.name][0]).get("replicas", 1)
    if component is RECEIVE_ROUTER:
        deployed = local_region.region.thanos.receive.routers
    return local_region.pods_of(component, deployed=deployed)


def _part(local_region: LocalRegion, component: Component, pod: str, objstore: Mapping[str, Any] | None) -> Program:
    name, folder = f"{local_region.region.name}/{pod}", local_region.mounts(pod)
    flags = [
        local_region.text(name, flag.replace("$(NAME)", pod), component) for flag in arguments(component, local_region)
    ]
    for port in component.ports:
        local_region.differences.flag(
            name, flags, LISTENERS[port.name], local_region.address(pod, port.name), why=ADDRESSES
        )
    if component in (RECEIVE_INGESTOR, RECEIVE_ROUTER):
        capnproto = local_region.address(pod, "capnproto")
        local_region.differences.flag(name, flags, "receive.capnproto-address", capnproto, why=ADDRESSES)
    if component in (RECEIVE_INGESTOR, STORE_GATEWAY, COMPACTOR):
        file = _store(local_region, objstore)
        why = FOLDERS if file else "no store in this region"
        local_region.differences.flag(name, flags, "objstore.config-file", *file, why=why)
    for flag, given, why in _CHANGES[component.name](local_region, pod, folder, has_store=objstore is not None):
        local_region.differences.flag(name, flags, flag, *given, why=why)
    return Program(
        name=name,
        component=component.name,
        region=local_region.region.name,
        line=[str(local_region.tool("thanos")), KEYS[component.name][1], *flags],
        port=local_region.port(pod, "http"),
    )


def _store(local_region: LocalRegion, objstore: Mapping[str, Any] | None) -> list[Path]:
    if objstore is None:
        return []
    file = local_region.folder / "objstore.yaml"
    file.write_text(yaml.safe_dump(dict(objstore)), encoding="utf-8")
    return [file]


class _Changes(Protocol):
    def __call__(self, local_region: LocalRegion, pod: str, folder: Path, *, has_store: bool) -> list[_Change]: ...


def _of_ingestor(local_region: LocalRegion, pod: str, folder: Path, *, has_store: bool) -> list[_Change]:  # noqa: ARG001
    soon = "blocks in a minute instead of two hours"
    return [
        ("tsdb.path", [folder / "data"], FOLDERS),
        ("tsdb.retention", ["0d"], NO_PRUNING),
        ("receive.local-endpoint", [local_region.address(pod, "grpc")], ADDRESSES),
        *((f"tsdb.{edge}-block-duration", ["30s"], soon) for edge in ("min", "max")),
    ]


def local_ring(local_region: LocalRegion) -> list[dict[str, Any]]:
    """The ring of the region's routers, on this machine."""
    ring = receive_router.ring(local_region.region)
    for number, endpoint in enumerate(ring[0]["endpoints"]):
        address = local_region.address(pod_name(RECEIVE_INGESTOR, number), "grpc")
        local_region.differences.put(RECEIVE_ROUTER.name, endpoint, ["address"], address, why=ADDRESSES)
    return ring


def _of_router(local_region: LocalRegion, pod: str, folder: Path, *, has_store: bool) -> list[_Change]:  # noqa: ARG001
    ring = local_ring(local_region)
    file = folder / "hashrings.json"
    file.write_text(json.dumps(ring), encoding="utf-8")
    return [("receive.hashrings-file", [file], FOLDERS)]


def _of_store_gateway(local_region: LocalRegion, pod: str, folder: Path, *, has_store: bool) -> list[_Change]:  # noqa: ARG001
    shards = shard_flags(len(_pods(local_region, STORE_GATEWAY)))
    selected = [flag.partition("=")[2].replace("$(NAME)", pod) for flag in shards]
    return [
        ("data-dir", [folder / "data"], FOLDERS),
        ("sync-block-duration", ["5s"], SECONDS),
        ("selector.relabel-config", selected, ONE_IS_ENOUGH),
        ("index-cache.config", [], NO_CACHE),
        ("store.caching-bucket.config", [], NO_CACHE),
    ]


def _of_compactor(local_region: LocalRegion, pod: str, folder: Path, *, has_store: bool) -> list[_Change]:  # noqa: ARG001
    return [("data-dir", [folder / "data"], FOLDERS), ("wait-interval", ["30s"], SECONDS)]


def _of_query(local_region: LocalRegion, pod: str, folder: Path, *, has_store: bool) -> list[_Change]:  # noqa: ARG001
    asked = (STORE_GATEWAY, RECEIVE_INGESTOR) if has_store else (RECEIVE_INGESTOR,)
    return [
        (
            "endpoint",
            [local_region.address(one, "grpc") for other in asked for one in _pods(local_region, other)],
            ADDRESSES,
        )
    ]


def _of_global_query(local_region: LocalRegion, pod: str, folder: Path, *, has_store: bool) -> list[_Change]:  # noqa: ARG001
    (text,) = (flag for flag in arguments(GLOBAL_QUERY, local_region) if flag.startswith(_SD_CONFIG))
    config = yaml.safe_load(local_region.text(pod, text.removeprefix(_SD_CONFIG), GLOBAL_QUERY))
    here = {query_host(name, local_region.region.fleet.private_dns_zone): name for name in local_region.running}
    endpoints = []
    for one in config["endpoints"]:
        host = one["address"].rpartition(":")[0]
        if host in here:
            port = local_region.ports.of(here[host], pod_name(QUERY, 0), "grpc")
            local_region.differences.put(pod, one, ["address"], f"{LOOPBACK}:{port}", why=ADDRESSES)
        elif host != LOOPBACK:
            local_region.differences.note(pod, "regions", one["address"], "", why="not all regions run here")
            continue
        endpoints.append(one)
    return [("endpoint.sd-config", [yaml.safe_dump({"endpoints": endpoints}, sort_keys=False)], ADDRESSES)]


def _of_query_frontend(local_region: LocalRegion, pod: str, folder: Path, *, has_store: bool) -> list[_Change]:  # noqa: ARG001
    (query, *_) = _pods(local_region, FRONTS[pod.rpartition("-")[0]])
    return [
        ("query-frontend.downstream-url", [f"http://{local_region.address(query, 'http')}"], ADDRESSES),
        ("query-range.response-cache-config", [IN_MEMORY], NO_CACHE),
    ]


_CHANGES: Mapping[str, _Changes] = {
    RECEIVE_INGESTOR.name: _of_ingestor,
    RECEIVE_ROUTER.name: _of_router,
    STORE_GATEWAY.name: _of_store_gateway,
    COMPACTOR.name: _of_compactor,
    QUERY.name: _of_query,
    QUERY_FRONTEND.name: _of_query_frontend,
    GLOBAL_QUERY.name: _of_global_query,
    GLOBAL_QUERY_FRONTEND.name: _of_query_frontend,
}
