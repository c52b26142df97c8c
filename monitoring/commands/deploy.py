"""`monitoring deploy`: the plan that was kept, applied."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from monitoring.commands._options import regions_folder, synthesized
from monitoring.commands.ready import prepare
from monitoring.deploy.terraform import TerraformFailed, apply_plan, stack_folder


@click.command()
@click.argument("stack")
@regions_folder
@synthesized
def command(*, stack: str, regions: Path, outdir: Path) -> None:
    """Apply exactly the plan of STACK that `monitoring plan` kept; nobody is asked again.

    Exit code 1 where there is none, or one of another stack, of another synthesis or of a state that has changed since.
    """
    folder = stack_folder(outdir, stack)
    prepare(folder, regions)
    try:
        apply_plan(folder)
    except TerraformFailed as failed:
        sys.exit(failed.code)
