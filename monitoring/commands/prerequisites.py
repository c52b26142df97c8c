"""`monitoring prerequisites`: what a region lacks before it can be deployed, and the commands that make it."""

from __future__ import annotations

import json
import shlex
import sys
from collections import Counter
from pathlib import Path

import click
from rich.markup import escape

from monitoring.blueprint.values.charts import ROOT
from monitoring.commands._options import as_json, regions_folder
from monitoring.console import console
from monitoring.fleet import load_fleet
from monitoring.prerequisites.asking import Asking, Finding
from monitoring.prerequisites.script import script
from monitoring.prerequisites.step import State
from monitoring.prerequisites.steps import repository_of, step_of, steps

COLOURS = {State.THERE: "green", State.UNKNOWN: "yellow"}


@click.command()
@click.argument("region")
@click.option("--all", "everything", is_flag=True, help="What is there, too.")
@click.option("--offline", is_flag=True, help="All steps, and ask nobody.")
@click.option("--script", "as_script", is_flag=True, help="A script for bash that makes what is missing; run it twice.")
@click.option("--step", "only", metavar="NAME", help="This step alone.")
@click.option("--repository", metavar="OWNER/NAME", help="On GitHub; that of the region's `runbooks`.")
@regions_folder
@as_json
def command(
    *,
    region: str,
    everything: bool,
    offline: bool,
    as_script: bool,
    only: str | None,
    repository: str | None,
    regions: Path,
    as_json: bool,
) -> None:
    """Print what REGION lacks before it can be deployed, in the order in which it can be made, with the commands.

    Asks az, kubectl and gh, by commands that only read. Exit code 1: something is missing or differs; 2: the rest
    is there, but something could not be asked.
    """
    fleet = load_fleet(regions)
    chosen = fleet.region(region)
    repository = repository or repository_of(chosen)
    if repository is None:
        raise click.UsageError("--repository must be given: `runbooks` is no page of GitHub")
    wanted = steps(chosen, fleet, repository=repository)
    wanted = step_of(only, wanted) if only else wanted
    if offline:
        findings = [Finding(step=step, state=State.UNKNOWN, evidence="not asked") for step in wanted]
    else:
        findings = list(Asking().findings(wanted))
    findings = findings[-1:] if only else findings
    shown = [one for one in findings if everything or one.state is not State.THERE]
    if as_script:
        elsewhere = () if regions == ROOT / "regions" else ("--regions", str(regions))
        arguments = shlex.join((region, "--repository", repository, *elsewhere))
        click.echo(script(shown, region=region, arguments=arguments), nl=False)
    elif as_json:
        click.echo(json.dumps([_record(one) for one in shown], indent=2))
    else:
        _print(region, shown, findings)
    sys.exit(0 if offline or as_script else _exit_code(findings))


def _exit_code(findings: list[Finding]) -> int:
    states = {one.state for one in findings}
    return 1 if states & {State.MISSING, State.DIFFERS} else 2 if State.UNKNOWN in states else 0


def _record(finding: Finding) -> dict[str, object]:
    step = finding.step
    return {
        "name": step.name,
        "state": finding.state,
        "evidence": finding.evidence,
        "make": _line(finding),
        "by_hand": step.by_hand,
        "needs": step.needs,
    }


def _line(finding: Finding) -> str:
    """What makes it, or puts right what differs: "" where a person must."""
    return (finding.step.mend if finding.state is State.DIFFERS else finding.step.make) or ""


def _print(region: str, shown: list[Finding], findings: list[Finding]) -> None:
    """Commands as they are, whatever the terminal's width: somebody copies them."""
    out = console()
    for one in shown:
        colour = COLOURS.get(one.state, "red")
        evidence = f": {one.evidence}" if one.evidence else ""
        out.print(f"[{colour}]# {one.state}[/]: {escape(one.step.name + evidence)}", soft_wrap=True)
        if one.step.by_hand and one.state is not State.THERE:
            out.print(escape(f"#   {one.step.by_hand}"), soft_wrap=True)
        if one.state is not State.THERE and _line(one):
            out.print(escape(_line(one)), soft_wrap=True)
    counted = Counter(one.state for one in findings)
    out.print(f"# {region}: " + ", ".join(f"{counted[state]} {state}" for state in State))
