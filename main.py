"""Synthesize every stack into cdktf.out: the composition root."""

from monitoring.bindings.ahead import send_ahead

import os
import sys
from collections import ChainMap
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from cdktf import App

from constructs.fleet_stack import FleetStack
from constructs.region_stack import RegionStack
from monitoring.blueprint.capacity.needs import check_capacity
from monitoring.blueprint.components.names import FLEET_STACK
from monitoring.blueprint.network.checks import check_flows
from monitoring.blueprint.releases import checked_releases
from monitoring.blueprint.values.charts import versions
from monitoring.errors import InvalidInput, Problem, shown
from monitoring.fleet import load_fleet
from monitoring.fleet.azure_calls import calls_note
from monitoring.synthesis.provider_locks import copy_locks
from monitoring.synthesis.release_values import values_files, write_values
from monitoring.synthesis.stale import remove_stale_stacks

ROOT = Path(__file__).parent


def main() -> None:
    """Check everything first, so that bad input leaves the last synthesis as it was; then write all stacks.

    OVERSIGHT_REGIONS names another folder of regions, OVERSIGHT_STATE=local keeps the state beside the JSON.
    """
    local_state = _local_state()
    fleet = load_fleet(Path(os.environ.get("OVERSIGHT_REGIONS", ROOT / "regions")))
    check_flows(fleet)
    releases = checked_releases(fleet)
    check_capacity(fleet, releases)
    send_ahead()
    app = App(outdir=_outdir())
    FleetStack(app, regions=fleet.regions, local_state=local_state)
    for region in fleet.regions:
        RegionStack(app, region=region, releases=releases[region.name], local_state=local_state)
    outdir = Path(app.outdir)
    with ThreadPoolExecutor(max_workers=1) as node:
        stacks = node.submit(app.synth)  # Node's work; Python has its own meanwhile
        values = [values_files(outdir / "stacks" / name, made) for name, made in releases.items()]
        from monitoring.console import console
        from monitoring.synthesis.summary import print_summary, read_stacks

        stacks.result()
    write_values(ChainMap(*values))
    remove_stale_stacks(outdir, keep={FLEET_STACK, *releases})
    print_summary(
        read_stacks(outdir),
        releases=releases,
        digests=versions().digests,
        warnings=[*fleet.warnings(datetime.now(tz=UTC)), *copy_locks(outdir)],
        console=console(),
        notes=[calls_note(fleet.regions)],
    )


def _local_state() -> bool:
    """Whether OVERSIGHT_STATE asks for it; `InvalidInput` for another word, and for arguments: there are none."""
    state = os.environ.get("OVERSIGHT_STATE", "")
    problems = [Problem(file="main.py", message=f"must have no argument, got {shown(one)}") for one in sys.argv[1:]]
    if state not in {"", "local"}:
        problems.append(Problem(file="OVERSIGHT_STATE", message=f"must be local or not set, got {shown(state)}"))
    if problems:
        raise InvalidInput(problems)
    return state == "local"


def _outdir() -> str:
    """CDKTF_OUTDIR, made; `InvalidInput` where it cannot be."""
    outdir = Path(os.environ.get("CDKTF_OUTDIR") or "cdktf.out")
    try:
        outdir.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        message = f"must be a folder that can be made, got {shown(str(outdir))}: {fault.strerror}"
        raise InvalidInput([Problem(file="CDKTF_OUTDIR", message=message)]) from fault
    return str(outdir)


if __name__ == "__main__":
    try:
        main()
    except InvalidInput as invalid:
        sys.exit(str(invalid))
