"""Generates docs/reference/flows.md: the rows of `flows.py` as tables and a diagram."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from monitoring.blueprint.components.model import Component
from monitoring.blueprint.network.checks import unused_ports
from monitoring.blueprint.network.flow import ApiServer, Auth, Flow, HostName, Nodes, Side
from monitoring.blueprint.network.flows import PARTICIPANTS, SILENT, flows
from monitoring.blueprint.network.policy_rules import enforced
from monitoring.blueprint.network.selectors import PUBLIC, Block, called, callers
from monitoring.fleet.loader import Fleet
from monitoring.fleet.model import Region

PAGE = "docs/reference/flows.md"

HEAD = """\
# Network flows

This page lists every network connection that is allowed, with its reason. `monitoring generate` writes it from
`monitoring/blueprint/network/flows.py` for the regions in `regions/`; how to add a row:
[network-policies.md](../network-policies.md). What stands in no row is closed, in both directions.
"""

ALL = "all"


@dataclass(frozen=True, kw_only=True)
class _Line:
    """One line of the table: rows that differ in who calls, and in the region, alone."""

    sources: tuple[str, ...]
    target: str
    port: str
    why: str
    auth: Auth
    reason: str
    regions: tuple[str, ...]


def page(fleet: Fleet) -> str:
    """The whole page."""
    rows = {region.name: flows(region, fleet.peers_of(region)) for region in fleet.regions}
    lines = list(_lines(rows, {region.name: {one.name for one in enforced(region)} for region in fleet.regions}))
    first = next(region for region in fleet.regions if region.global_view)
    known = [line for line in lines if line.auth.knows_the_caller]
    unknown = [line for line in lines if not line.auth.knows_the_caller]
    parts = [
        HEAD,
        "## Diagram\n\nWithout DNS and metrics.\n",
        _picture(lines),
        "## Connections with an authenticated caller\n",
        _table("from | to | port | for | known by | regions", (_cells(line, line.auth) for line in known)),
        "## Connections without an authenticated caller, with the reason\n",
        _table(
            "from | to | port | for | TLS | regions | reason",
            ((*_cells(line, "yes" if line.auth == Auth.TLS else "no"), line.reason) for line in unknown),
        ),
        "## How each engine matches endpoints that are not pods\n",
        _table("side | cilium | calico, azure", _engines(rows[first.name], first)),
        "## Ports and components without a connection\n",
        _leftovers(rows),
    ]
    return "\n".join(parts)


def _lines(rows: Mapping[str, Sequence[Flow]], everybody: Mapping[str, set[str]]) -> Iterator[_Line]:
    """Rows in their order, those together that differ in caller or region alone; `everybody` by region."""
    found: dict[tuple[str, str, str, Auth, str], dict[str, list[str]]] = {}
    for region, flows_there in rows.items():
        for row in flows_there:
            key = (_title(row.target), _port(row), row.why, row.auth, row.reason)
            found.setdefault(key, {}).setdefault(_title(row.source), []).append(region)
    for (target, port, why, auth, reason), callers_there in found.items():
        for regions, sources in _by_regions(callers_there, everybody).items():
            yield _Line(
                sources=tuple(sources),
                target=target,
                port=port,
                why=why,
                auth=auth,
                reason=reason,
                regions=(ALL,) if len(regions) == len(rows) else regions,
            )


def _by_regions(
    callers_there: Mapping[str, Sequence[str]], everybody: Mapping[str, set[str]]
) -> dict[tuple[str, ...], list[str]]:
    """Callers by the regions in which they call; as one, where it is everybody in every region."""
    if everybody == {region: {name for name in callers_there if region in callers_there[name]} for region in everybody}:
        return {tuple(everybody): ["every component"]}
    found: dict[tuple[str, ...], list[str]] = {}
    for source, names in callers_there.items():
        found.setdefault(tuple(dict.fromkeys(names)), []).append(source)
    return found


def _cells(line: _Line, known: str) -> tuple[str, ...]:
    return (", ".join(line.sources), line.target, line.port, line.why, known, ", ".join(line.regions))


def _title(side: Side) -> str:
    return side.title if isinstance(side, HostName) and side.title else side.name


def _port(row: Flow) -> str:
    port = row.opened
    if not port.number:
        return f"{port.name} {port.protocol}"
    return f"{port.name} {port.number}" if port.protocol == "TCP" else f"{port.name} {port.number} {port.protocol}"


def _table(head: str, rows: Iterable[Sequence[str]]) -> str:
    columns = head.split(" | ")
    lines = [f"| {head} |", "|" + "---|" * len(columns), *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join(lines) + "\n"


def _picture(lines: Sequence[_Line]) -> str:
    ours = {component.name for component in PARTICIPANTS}
    edges = []
    for line in lines:
        if line.why == "names" or line.why.startswith("metrics"):
            continue
        for source in line.sources:
            arrow = "-->" if line.auth.knows_the_caller else "-.->"
            edges.append(f'  {_node(source, ours)} {arrow}|"{line.port}"| {_node(line.target, ours)}')
    text = "\n".join(["```mermaid", "flowchart LR", *dict.fromkeys(edges), "```"])
    return f"{text}\n\nDotted: the caller is not known. Round: not ours.\n"


def _node(title: str, ours: set[str]) -> str:
    key = "".join(letter if letter.isalnum() else "_" for letter in title)
    return f'{key}["{title}"]' if title in ours else f'{key}(["{title}"])'


def _engines(rows: Sequence[Flow], region: Region) -> Iterator[tuple[str, str, str]]:
    sides: dict[tuple[str, bool], Side] = {}
    for row in rows:
        for side, calls in ((row.source, True), (row.target, False)):
            bare = isinstance(side, ApiServer | HostName | Nodes) or (isinstance(side, Component) and side.host_network)
            if bare:
                sides.setdefault((_title(side), calls), side)
    for (title, calls), side in sides.items():
        yield (f"{title}, calling" if calls else title, _cilium(side, calls=calls), _plain(side, region, calls=calls))


def _cilium(side: Side, *, calls: bool) -> str:
    if isinstance(side, ApiServer):
        return f"entity kube-apiserver{f', and pods {side.agents.name}' if calls else ''}"
    if isinstance(side, HostName):
        return "the addresses that DNS answered with; without `cluster.host_name_policies` as beside"
    return "entity host" if isinstance(side, Nodes) and side.own else "entities host, remote-node"


def _plain(side: Side, region: Region, *, calls: bool) -> str:
    names = []
    for peer in (callers if calls else called)(side, region):
        if peer == PUBLIC:
            names.append("any public address, at this port")
        elif isinstance(peer, Block):
            names.append(_network(side, peer))
        else:
            names.append(f"pods {' '.join(peer.labels.values())} in {peer.namespace}")
    return ", ".join(names)


def _network(side: Side, block: Block) -> str:
    if isinstance(side, HostName):
        return "the subnet of private endpoints (`network.private_endpoint_subnet`)"
    if isinstance(side, Nodes) and side.own:
        return str(block.network)
    return "the subnet of nodes (`network.node_subnet`)"


def _leftovers(rows: Mapping[str, Sequence[Flow]]) -> str:
    """Ports that no region opens, and components that only ask for names."""
    unused = unused_ports([row for there in rows.values() for row in there])
    lines = [
        f"- `{component.name}`: port {port.name} {port.number} is declared, no row opens it."
        for component, port in unused
    ]
    lines += [f"- `{component.name}` calls nobody and nobody calls it." for component in SILENT]
    return "\n".join(lines or ["None."]) + "\n"
