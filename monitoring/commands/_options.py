"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from monitoring.blueprint.values.charts import ROOT

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def regions_folder(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--regions FOLDER`, or OVERSIGHT_REGIONS, as for main.py."""
    option: Decorator = click.option(
        "--regions",
        type=click.Path(path_type=Path),
        default=ROOT / "regions",
        envvar="OVERSIGHT_REGIONS",
        help="Folder of the regions' files (regions/).",
    )
    return option(function)


def as_json(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--json`: for machines."""
    option: Decorator = click.option("--json", "as_json", is_flag=True, help="For machines.")
    return option(function)


def synthesized(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--outdir FOLDER`, or CDKTF_OUTDIR, as for main.py."""
    option: Decorator = click.option(
        "--outdir",
        type=click.Path(path_type=Path),
        default="cdktf.out",
        envvar="CDKTF_OUTDIR",
        help="Folder of the synthesized stacks (cdktf.out).",
    )
    return option(function)
