"""`monitoring redact-plan`: removes sensitive values from a Terraform plan."""

from __future__ import annotations

import json
import sys

import click

from monitoring.review.plan import UnreadablePlan, redacted


@click.command()
def command() -> None:
    """Read `terraform show -json` from standard input; write what a review needs of it, without any secret.

    Exit code 2 where it is no plan.
    """
    try:
        plan = redacted(sys.stdin.buffer.read())
    except UnreadablePlan as unreadable:
        click.echo(f"plan {unreadable}", err=True)
        sys.exit(2)
    click.echo(json.dumps(plan))
