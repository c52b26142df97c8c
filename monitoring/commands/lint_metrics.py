"""`monitoring lint-metrics`: checks a service's metrics page."""

from __future__ import annotations

import json
import sys
import urllib.request
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import click
from rich import box
from rich.table import Table

from monitoring.commands._options import as_json
from monitoring.console import console
from monitoring.exposition.page import read_page
from monitoring.exposition.rules import MAX_SERIES, Finding, lint
from monitoring.exposition.syntax import UnreadablePage

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
    return Path(source).read_text(encoding="utf-8-sig")  # what a Windows editor puts before it is not the page's


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


def annotation(message: str, *, source: str, place: Mapping[str, int]) -> str:
    """A workflow command of GitHub, which writes the message beside the line if the source is a file."""
    where = {"file": source, **place} if Path(source).is_file() else {"title": source}
    said = [f"{key}={_escaped(str(value), also=':,')}" for key, value in where.items()]
    return f"::error {','.join(said)}::{_escaped(message)}"


def _escaped(text: str, *, also: str = "") -> str:
    return "".join(f"%{ord(char):02X}" if char in f"%\r\n{also}" else char for char in text)


@click.command()
@click.argument("source", metavar="URL|FILE|-")
@click.option("--max-series", type=click.IntRange(min=1), default=MAX_SERIES, show_default=True, help="Per metric.")
@click.option("--format", "form", type=click.Choice(["human", "json", "github"]), default="human", show_default=True)
@as_json
def command(source: str, *, max_series: int, form: str, as_json: bool) -> None:
    """Tell what is wrong with the page of metrics at URL or in FILE.

    Names, types, units, labels, cardinality, and the contract of application metrics; docs/application-metrics.md has
    the rules. Exit code 0: nothing; 1: findings; 2: the page cannot be read, from the line and column that it says.
    """
    try:
        page = read_page(read(source))
        if not page.families:
            line, message = next(iter(page.faults), (1, "there is no metric"))
            raise UnreadablePage(message, line=line)
    except (OSError, ValueError) as fault:
        if form == "github":
            place = {"line": fault.line, "col": fault.column} if isinstance(fault, UnreadablePage) else {}
            click.echo(annotation(f"must be a page of metrics: {fault}", source=source, place=place))
        click.echo(f"{source}: must be a page of metrics: {fault}", err=True)
        sys.exit(2)
    findings = lint(page, max_series=max_series)
    if as_json or form == "json":
        click.echo(json.dumps([asdict(one) for one in findings], indent=2))
    elif form == "github":
        for one in findings:
            text = f"{one.metric or 'page'} ({one.rule}): {one.message}"
            click.echo(annotation(text, source=source, place={"line": one.line}))
    else:
        show(findings, metrics=len(page.families), source=source)
    sys.exit(bool(findings))
