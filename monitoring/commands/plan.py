"""`monitoring plan`: what Terraform would do, kept."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from monitoring.commands._options import regions_folder, synthesized
from monitoring.commands.ready import prepare
from monitoring.deploy.terraform import TerraformFailed, make_plan, stack_folder


@click.command()
@click.argument("stack")
@regions_folder
@synthesized
def command(*, stack: str, regions: Path, outdir: Path) -> None:
    """Plan STACK, as synthesized, show what would be done, and keep the plan for `monitoring deploy`.

    Beside the stack's JSON then lie plan.tfplan, which may hold what is sensitive, plan.record.json, which says what
    it is the plan of, and plan.json, without anything sensitive, for `monitoring review --plan`.
    """
    folder = stack_folder(outdir, stack)
    prepare(folder, regions)
    try:
        changes = make_plan(folder)
    except TerraformFailed as failed:
        sys.exit(failed.code)
    click.echo(f"kept: make deploy STACK={stack} applies exactly this" if changes else "nothing changes")
