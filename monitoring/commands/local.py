"""`monitoring local`: two regions in miniature on this machine, from the values that are deployed."""

from __future__ import annotations

import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

import click
from rich.table import Table

from monitoring.blueprint.components.workloads import THANOS_PATH
from monitoring.blueprint.releases import checked_releases
from monitoring.commands._options import regions_folder
from monitoring.console import console, steps
from monitoring.errors import CannotHave, InvalidInput, Problem
from monitoring.fleet import Region, load_fleet
from monitoring.fleet.loader import Fleet
from monitoring.local.binaries import BINARIES, build, find_tool
from monitoring.local.differences import Difference
from monitoring.verify.addresses import ADDRESSES

SHOWN = 60
"""Characters of a value in the table of differences."""

NEEDED = ("prometheus", "alertmanager", "thanos", "oauth2-proxy")


class _EndedError(Exception):
    """SIGTERM, as Ctrl-C: the way out of every block."""


@click.command()
@click.argument("region", required=False)
@click.argument("peer", required=False)
@click.option("--for", "seconds", type=click.IntRange(min=0), help="End by itself after so many seconds.")
@click.option("--show-differences", is_flag=True, help="Also print what differs from what is deployed.")
@click.option(
    "--addresses",
    type=click.Path(path_type=Path, dir_okay=False),
    default=ADDRESSES,
    help="File for the addresses (.cache/local/addresses.json).",
)
@click.option("--folder-as-blob", is_flag=True, help="A folder as the store, instead of Azurite.")
@regions_folder
def command(
    *,
    region: str | None,
    peer: str | None,
    seconds: int | None,
    show_differences: bool,
    addresses: Path,
    folder_as_blob: bool,
    regions: Path,
) -> None:
    """Run REGION (that with the global view) with everything, and PEER (the next one) in small, until Ctrl-C.

    Exit code 1: a part died; 2: a tool is not to be had.
    """
    fleet = load_fleet(regions)
    checked_releases(fleet)
    chosen = choose(fleet, region, peer)
    signal.signal(signal.SIGTERM, _end)
    # a shell ignores it for what it starts in the background, and so would Python
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        _prepare()
        from monitoring.local import sidecar
        from monitoring.local.system import ProgramDiedError, Settings, running, write_addresses
    except (CannotHave, ImportError) as missing:
        click.echo(str(missing), err=True)
        sys.exit(2)
    out, began = console(), time.monotonic()
    try:
        with (
            tempfile.TemporaryDirectory(prefix="oversight-local-") as folder,
            steps(transient=True) as progress,
        ):
            task = progress.add_task("start", total=None)
            settings = Settings(
                tool=find_tool,
                azurite=not folder_as_blob,
                rbac_proxy=sidecar.find(),
                say=lambda program: progress.update(task, description=f"wait for {program}"),
            )
            with running(fleet, chosen, Path(folder), settings) as system:
                progress.stop()
                write_addresses(system, addresses)
                try:
                    out.print(_table(system.addresses))
                    for line in entry_points(system.addresses):
                        out.print(line, soft_wrap=True)
                    if show_differences:
                        out.print(differences_table(system.differences.all()))
                    for what, why in settings.left_out().items():
                        out.print(f"left out: {what} ({why})")
                    took = time.monotonic() - began
                    out.print(
                        f"{len(system.programs)} parts, ready in {took:.0f} s; make verify asks them. Ctrl-C ends it."
                    )
                    until = time.monotonic() + (seconds if seconds is not None else float("inf"))
                    while time.monotonic() < until:
                        if words := system.dead():
                            raise ProgramDiedError(words)
                        time.sleep(0.2)
                finally:
                    addresses.unlink(missing_ok=True)
    except (KeyboardInterrupt, _EndedError):
        click.echo("stopped", err=True)
    except ProgramDiedError as died:
        click.echo(str(died), err=True)
        sys.exit(1)


def choose(fleet: Fleet, region: str | None, peer: str | None) -> tuple[Region, ...]:
    """The region with everything and the other one; InvalidInput where a fleet has no such region."""
    first = fleet.region(region) if region else next(one for one in fleet.regions if one.global_view)
    others = [one for one in fleet.regions if one.name != first.name]
    second = fleet.region(peer) if peer else next(iter(others), None)
    if second is first:
        raise InvalidInput([Problem(file="regions", message=f"PEER must be another region than {first.name}")])
    return (first, second) if second else (first,)


def differences_table(found: Sequence[Difference]) -> Table:
    """What differs, by reason: a row for each change, as the first of the parts has it."""
    table = Table("why", "what", "deployed", "here", "parts", title="What differs from what is deployed")
    for one in sorted(found, key=lambda one: one.why):
        others = f" and {len(one.programs) - 1} more" if len(one.programs) > 1 else ""
        table.add_row(one.why, *map(_short, (one.what, one.deployed, one.local)), one.programs[0] + others)
    return table


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."


def _end(*_: int | FrameType | None) -> None:
    raise _EndedError


def _prepare() -> None:
    """Build what is missing."""
    for name in NEEDED:
        try:
            find_tool(name)
        except CannotHave:
            click.echo(f"build {name}, once", err=True)
            build(BINARIES[name])


def entry_points(addresses: dict[str, dict[str, object]]) -> Iterator[str]:
    """How a person gets in: docs/local.md says more."""
    for found in addresses.values():
        if proxy := found.get("proxy"):
            yield f"with a browser: {proxy}{THANOS_PATH}/graph (one click signs in; out: {proxy}/oauth2/sign_out)"
            yield f"the root that it must trust, made for this run: {found['trust']}"


def _table(addresses: dict[str, dict[str, object]]) -> Table:
    table = Table("region", "part", "address")
    for region, found in addresses.items():
        for program, urls in dict(found["components"]).items():  # type: ignore[call-overload]
            table.add_row(region, program, " ".join(urls))
    return table
