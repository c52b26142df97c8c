"""`monitoring ready`: whether stacks may be planned and deployed."""

from __future__ import annotations

from pathlib import Path

import click

from monitoring.commands._options import regions_folder, synthesized
from monitoring.deploy.readiness import has_local_state, put_charts_beside, refuse_unready
from monitoring.deploy.terraform import stack_folder
from monitoring.fleet import load_fleet


@click.command()
@click.argument("stacks", nargs=-1, required=True)
@regions_folder
@synthesized
def command(*, stacks: tuple[str, ...], regions: Path, outdir: Path) -> None:
    """Check that STACKS, as synthesized, may meet the real state, and put their checked charts beside them.

    Exit code 1 with all that is missing: ids that are zeros, roots of trust, digests of charts, checksums of
    providers; 2 where a chart is not to be had, or is another than was recorded.
    """
    for name in stacks:
        prepare(stack_folder(outdir, name), regions)


def prepare(stack: Path, regions: Path) -> None:
    """The same of one synthesized stack. With a local state nothing must be filled in: it is a trial."""
    if not has_local_state(stack):
        refuse_unready(stack, load_fleet(regions))
    put_charts_beside(stack)
