"""Checks of the rows of `flows.py`. Pure: each check yields faults."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from monitoring.blueprint.components.model import Component, Port
from monitoring.blueprint.network.flow import Flow
from monitoring.blueprint.network.flows import DNS, FILE, PARTICIPANTS, SILENT, flows, participants
from monitoring.errors import InvalidInput, Problem
from monitoring.fleet.loader import Fleet


def check_flows(fleet: Fleet) -> None:
    """`InvalidInput` tells everything that is wrong with the rows of any region."""
    problems = [
        problem
        for region in fleet.regions
        for problem in flow_problems(flows(region, fleet.peers_of(region)), participants(region))
    ]
    if problems:
        raise InvalidInput(problems)


def flow_problems(rows: Sequence[Flow], components: Sequence[Component]) -> Iterator[Problem]:
    """Unknown components or ports, callers that nobody knows without a reason, rows that stand twice or are missing.

    `components` are those of the region: each must have a row.
    """
    for row in rows:
        for message in _faults(row):
            yield Problem(file=FILE, path=str(row), message=message)
    for (name, why), times in Counter((str(row), row.why) for row in rows).items():
        if times > 1:
            yield Problem(file=FILE, path=name, message=f"must stand once for {why!r}, got {times} rows")
    names = {port.name for port in DNS}
    talking = {side.name for row in rows if row.port not in names for side in (row.source, row.target)}
    for component in components:
        if (component.name in talking) == (component in SILENT):
            said = "SILENT and has a row" if component in SILENT else "no row"
            yield Problem(file=FILE, path=component.name, message=f"must have a row or be SILENT, got {said}")


def _faults(row: Flow) -> Iterator[str]:
    ours = [side for side in (row.source, row.target) if isinstance(side, Component)]
    known = ", ".join(component.name for component in PARTICIPANTS)
    for side in ours:
        if side not in PARTICIPANTS:
            yield f"must name a row of components.py, one of {known}, got {side.name}"
    if not ours:
        yield f"must have a component of ours at one end, got {row.source.name} and {row.target.name}"
    if row.port not in [port.name for port in row.target.ports]:
        ports = ", ".join(port.name for port in row.target.ports) or "none"
        yield f"must be a port of {row.target.name}, one of {ports}, got {row.port}"
    if bool(row.reason) == row.auth.knows_the_caller:
        said = repr(row.reason) if row.reason else "none"
        wanted = (
            "no reason, since the caller is known" if row.auth.knows_the_caller else "a reason for an unknown caller"
        )
        yield f"must give {wanted}, got {said}"


def unused_ports(rows: Sequence[Flow]) -> list[tuple[Component, Port]]:
    """Ports that components.py declares and no row opens."""
    opened = {(row.target.name, row.port) for row in rows}
    return [
        (component, port)
        for component in PARTICIPANTS
        for port in component.ports
        if (component.name, port.name) not in opened
    ]
