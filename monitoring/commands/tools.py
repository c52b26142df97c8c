"""`monitoring tools`: the binaries that `make test-rules`, `make test-stack` and `make test-cluster` run."""

from __future__ import annotations

import sys

import click

from monitoring.console import steps
from monitoring.errors import CannotHave
from monitoring.local.binaries import BINARIES, ORDINARY, build, find_tool


@click.command()
@click.argument("binaries", nargs=-1, metavar=f"[{'|'.join(BINARIES)}]...")
def command(binaries: tuple[str, ...]) -> None:
    """Build what is not on PATH in the pinned version, once; print where each binary is.

    Without names: all but those of `make test-cluster`, which take a quarter of an hour.
    """
    wanted = binaries or tuple(ORDINARY)
    unknown = [name for name in wanted if name not in BINARIES]
    if unknown:
        raise click.BadParameter(f"must be of {', '.join(BINARIES)}, got {', '.join(unknown)}")
    with steps() as progress:
        for name in wanted:
            module = BINARIES[name]
            try:
                find_tool(name)
            except CannotHave:
                task = progress.add_task(f"build {module.name} {module.version}", total=1)
                try:
                    build(module)
                except CannotHave as missing:
                    progress.stop()
                    click.echo(str(missing), err=True)
                    sys.exit(2)
                progress.advance(task)
    for name in wanted:
        click.echo(f"{name} {find_tool(name)}")
