"""`monitoring lock-providers`: the checksums of Terraform's providers, recorded."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from monitoring.commands._options import synthesized
from monitoring.deploy.terraform import TerraformFailed, lock_providers
from monitoring.synthesis.provider_locks import stacks_by_lock


@click.command()
@synthesized
@click.option(
    "--mirror",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of provider packages, as `terraform providers mirror` makes it; without it, from their registry.",
)
def command(*, outdir: Path, mirror: Path | None) -> None:
    """Write the lock file of each set of providers of the synthesized stacks into providers/, for every platform."""
    for committed, (stack, *_) in stacks_by_lock(outdir).items():
        try:
            lock = lock_providers(stack, mirror=mirror)
        except TerraformFailed as failed:
            sys.exit(failed.code)
        committed.parent.mkdir(exist_ok=True)
        shutil.copyfile(lock, committed)
        click.echo(f"{committed.parent.name}/{committed.name}")
