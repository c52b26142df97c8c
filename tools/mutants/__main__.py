"""Small faults, one at a time, and which of them the tests notice: `make mutants AREA=fleet`.

Not mutmut, which makes no faults outside of functions, and not cosmic-ray, which changes neither strings, arguments
nor elements and works in place: of a module here most is values, and much is YAML.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence, Set
from dataclasses import asdict, dataclass
from pathlib import Path

import yaml

from tools.mutants.areas import AREAS, Area, matching
from tools.mutants.sample import Mutant, mutants, sample
from tools.mutants.trial import RedTestsError, copies, pytest_arguments, survivors

ROOT = Path(__file__).parents[2]
EQUIVALENT = Path(__file__).with_name("equivalent.yaml")


@dataclass(frozen=True, kw_only=True)
class Tried:
    """The faults of one area, by what became of them."""

    area: str
    killed: list[Mutant]
    survived: list[Mutant]
    equivalent: list[Mutant]

    @property
    def share(self) -> float:
        """Killed of those that count, in percent; 100 where none counts."""
        total = len(self.killed) + len(self.survived)
        return 100 * len(self.killed) / total if total else 100.0


def equivalents(text: str) -> set[tuple[str, tuple[str, ...]]]:
    """File and diff of each; KeyError for an entry without a reason."""
    return {(each["file"], tuple(each["diff"])) for each in yaml.safe_load(text) if each["reason"]}


def killed_before(report: str) -> set[tuple[str, tuple[str, ...]]]:
    """Kind and diff of what an earlier `--json` says was killed."""
    return {(each["kind"], tuple(each["diff"])) for result in json.loads(report) for each in result["killed"]}


def tried(
    name: str,
    area: Area,
    *,
    count: int,
    jobs: int,
    progress: bool,
    before: Set[tuple[str, tuple[str, ...]]] = frozenset(),
) -> Tried:
    """Every sampled fault of the area, tried; what was killed `before` is not tried again."""
    unseen = equivalents(EQUIVALENT.read_text(encoding="utf-8"))
    sampled = sample(name, mutants(ROOT, matching(ROOT, area.sources)), count)
    counted = [mutant for mutant in sampled if (mutant.path, mutant.diff) not in unseen]
    again = [mutant for mutant in counted if (mutant.kind, mutant.diff) not in before]
    tests = [path.relative_to(ROOT).as_posix() for path in matching(ROOT, area.tests)]
    with copies(ROOT, jobs) as trees:
        results = list(survivors(trees, again, pytest_arguments(tests, area.marker), progress=progress))
    return Tried(
        area=name,
        killed=[mutant for mutant in counted if mutant not in again]
        + [mutant for mutant, survived in results if not survived],
        survived=[mutant for mutant, survived in results if survived],
        equivalent=[mutant for mutant in sampled if mutant not in counted],
    )


def table(result: Tried) -> str:
    """One line per fault, with the diff of those that survived, and the sum."""
    rows = [("killed", mutant) for mutant in result.killed] + [("SURVIVED", mutant) for mutant in result.survived]
    lines = []
    for word, mutant in sorted(rows, key=lambda row: (row[1].path, row[1].line)):
        lines.append(f"{word:8} {mutant.path}:{mutant.line} {mutant.kind}")
        if word == "SURVIVED":
            lines += [f"         {line}" for line in mutant.diff]
    total = len(result.killed) + len(result.survived)
    more = f", {len(result.equivalent)} equivalent not counted" if result.equivalent else ""
    return "\n".join([*lines, f"{result.area}: {len(result.killed)} of {total} killed ({result.share:.0f} %){more}"])


def as_json(results: Sequence[Tried]) -> str:
    """The same for a program, without the texts."""
    told = [asdict(result) | {"share": round(result.share, 1)} for result in results]
    for result in told:
        for kind in ("killed", "survived", "equivalent"):
            result[kind] = [{key: mutant[key] for key in ("path", "line", "kind", "diff")} for mutant in result[kind]]
    return json.dumps(told, indent=2)


def main(arguments: Sequence[str] | None = None) -> int:
    """1 below the bound, 2 where the areas or their tests are not as they must be."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("areas", nargs="+", choices=sorted(AREAS), metavar="area", help=", ".join(sorted(AREAS)))
    parser.add_argument("--count", type=int, default=40, help="faults per area (40)")
    parser.add_argument("--at-least", type=float, default=0, metavar="PERCENT", help="exit code 1 below it")
    parser.add_argument("--before", type=Path, metavar="REPORT", help="a --json: what it says was killed is not tried")
    parser.add_argument("--jobs", type=int, default=2, help="tried at the same time (2)")
    parser.add_argument("--json", action="store_true", help="the table for a program")
    options = parser.parse_args(arguments)
    before = killed_before(options.before.read_text(encoding="utf-8")) if options.before else frozenset()
    results = []
    for name in options.areas:
        try:
            results.append(
                tried(
                    name,
                    AREAS[name],
                    count=options.count,
                    jobs=options.jobs,
                    progress=sys.stderr.isatty(),
                    before=before,
                )
            )
        except (FileNotFoundError, RedTestsError) as fault:
            sys.stderr.write(f"{fault}\n")
            return 2
        if not options.json:
            sys.stdout.write(f"{table(results[-1])}\n")
    if options.json:
        sys.stdout.write(f"{as_json(results)}\n")
    return int(any(result.share < options.at_least for result in results))


if __name__ == "__main__":
    sys.exit(main())
