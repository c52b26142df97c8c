"""`monitoring lint-metrics`: what is wrong with a service's page of metrics."""

from __future__ import annotations

import json
import sys
import urllib.request
from dataclasses import asdict
from pathlib import Path

import click
from rich import box
from rich.table import Table

from monitoring.commands._exposition import UnreadablePage, read_page
from monitoring.commands._metric_rules import MAX_SERIES, Finding, lint
from monitoring.commands._options import as_json
from monitoring.console import console

TIMEOUT = 10
"""Seconds, as Prometheus waits for a page."""

LARGEST = 50 * 1024 * 1024
"""Bytes that are read of a page."""


def read(source: str) -> str:
    """The page at a URL, in a file, or on standard input (`-`); OSError or ValueError where it cannot be had."""
    if source == "-":
        return sys.stdin.read()
    if source.startswith(("http://", "https://")):
        request = urllib.request.Request(source, headers={"Accept": "text/plain;version=0.0.4"})  # noqa: S310  (checked)
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
            return str(answer.read(LARGEST).decode("utf-8"))
    return Path(source).read_text(encoding="utf-8")


def show(findings: list[Finding], *, metrics: int, source: str) -> None:
    """A table for people."""
    terminal = console()
    if findings:
        table = Table("line", "metric", "rule", "what must be", box=box.SIMPLE, title=source, title_justify="left")
        table.columns[1].overflow = "fold"
        for one in findings:
            table.add_row(str(one.line), one.metric, one.rule, one.message)
        terminal.print(table)
    terminal.print(f"{metrics} metrics, {len(findings)} findings")


@click.command()
@click.argument("source", metavar="URL|FILE|-")
@click.option("--max-series", type=click.IntRange(min=1), default=MAX_SERIES, show_default=True, help="Per metric.")
@as_json
def command(source: str, *, max_series: int, as_json: bool) -> None:
    """Tell what is wrong with the page of metrics at URL or in FILE.

    Names, types, units, labels, cardinality, and the contract of application metrics; docs/application-metrics.md has
    the rules. Exit code 0: nothing; 1: findings; 2: the page cannot be read.
    """
    try:
        page = read_page(read(source))
        if not page.families:
            raise UnreadablePage("there is no metric")
    except (OSError, ValueError) as fault:
        click.echo(f"{source}: must be a page of metrics: {fault}", err=True)
        sys.exit(2)
    findings = lint(page, max_series=max_series)
    if as_json:
        click.echo(json.dumps([asdict(one) for one in findings], indent=2))
    else:
        show(findings, metrics=len(page.families), source=source)
    sys.exit(bool(findings))
