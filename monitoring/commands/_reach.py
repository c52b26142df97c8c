"""How commands reach what runs: a file of addresses, or the cluster of kubectl's context."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from monitoring.fleet.loader import Fleet
from monitoring.verify.addresses import ADDRESSES, read_addresses
from monitoring.verify.client import HttpClient
from monitoring.verify.model import Deployment
from monitoring.verify.port_forward import forwarded

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def reach_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--addresses FILE` and `--forward`."""
    file: Decorator = click.option(
        "--addresses",
        type=click.Path(path_type=Path, dir_okay=False),
        default=ADDRESSES,
        help="File of addresses (that of `make local`); docs/local.md has its form.",
    )
    forward: Decorator = click.option(
        "--forward", is_flag=True, help="Ask the cluster that kubectl's context names, by port-forward."
    )
    return file(forward(function))


@contextmanager
def reached(
    fleet: Fleet, region: str | None, *, addresses: Path, forward: bool, may_alert: bool = False
) -> Iterator[tuple[HttpClient, Deployment]]:
    """Who asks, and whom; ends with exit code 2 where nobody can be asked."""
    with ExitStack() as stack:
        if forward:
            if region is None:
                raise click.UsageError("--forward must come with a region")
            folder = Path(stack.enter_context(TemporaryDirectory()))
            try:
                addresses = stack.enter_context(forwarded(fleet.region(region), folder=folder))
            except (OSError, RuntimeError) as unreachable:
                click.echo(f"{region}: {unreachable}", err=True)
                sys.exit(2)
        if not addresses.is_file():
            click.echo(f"{addresses} is not there: `make local` writes it while it runs (docs/local.md)", err=True)
            sys.exit(2)
        yield read_addresses(addresses, fleet, region, may_alert=may_alert)
