"""`monitoring review`: what a change means, and what it risks."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from rich.markup import escape
from rich.progress import Progress

from monitoring.blueprint.charts import ROOT
from monitoring.blueprint.names import FLEET_STACK
from monitoring.commands._console import console
from monitoring.commands._progress import steps
from monitoring.commands._trees import CannotCompare, Stacks, checked_out, python_of, render, synthesize
from monitoring.review.changes import between
from monitoring.review.facts import Facts
from monitoring.review.markdown import markdown
from monitoring.review.meaning import rendered_facts, stack_facts
from monitoring.review.plan import Plan, UnreadablePlan, read_plan
from monitoring.review.report import (
    Acceptance,
    Review,
    by_kind,
    headline,
    planned_sentence,
    sentence,
    where,
)
from monitoring.review.risks import Label, risks

LABELS = [label.value for label in Label]


@click.command()
@click.option("--base", required=True, metavar="REF", help="The commit, branch or tag to compare with.")
@click.option("--plan", "plans", multiple=True, metavar="STACK=FILE", help="`terraform show -json` of a stack's plan.")
@click.option(
    "--render", "rendered", is_flag=True, help="Compare the rendered objects too (needs helm and the charts)."
)
@click.option("--charts", type=click.Path(path_type=Path, exists=True), help="Folder of charts; else they are pulled.")
@click.option("--format", "form", type=click.Choice(["human", "markdown", "json"]), default="human", show_default=True)
@click.option(
    "--fail-on", multiple=True, type=click.Choice(LABELS), help="Exit with 1 where such a risk is not accepted."
)
@click.option("--accept", multiple=True, metavar="'LABEL by WHO: WHY'", help="A risk that somebody takes.")
@click.option(
    "--event",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="GitHub's event of a pull request: its labels `accept: LABEL` with a line `Accept LABEL: WHY` each.",
)
def command(
    *,
    base: str,
    plans: Sequence[str],
    rendered: bool,
    charts: Path | None,
    form: str,
    fail_on: Sequence[str],
    accept: Sequence[str],
    event: Path | None,
) -> None:
    """Compare the meaning of this tree with that of REF, and name the risks.

    Exit code 1: a risk of --fail-on is not accepted; 2: something could not be read or compared (it is said what).
    """
    accepted = (*(_acceptance(text) for text in accept), *(accepted_in(event) if event else ()))
    with TemporaryDirectory() as scratch, steps() as progress:
        wanted = _Wanted(rendered=rendered, charts=charts)
        head, before, notes = _both(base, Path(scratch), progress, wanted=wanted)
    read, unread = _plans(plans, head=head.stacks, base=before.stacks)
    changes = between(before.facts, head.facts) if before.stacks else []
    review = Review(
        stacks=tuple(sorted({*head.stacks, *before.stacks})),
        changes=tuple(changes),
        risks=tuple(risks(changes, plans=read)),
        plans=tuple(read),
        accepted=accepted,
        notes=(*notes, *unread),
    )
    if form == "json":
        click.echo(json.dumps(as_data(review), default=str))
    elif form == "markdown":
        click.echo(markdown(review))
    else:
        _print(review)
    if review.notes:
        sys.exit(2)
    sys.exit(bool(review.failing(map(Label, fail_on))))


def _acceptance(text: str) -> Acceptance:
    match = re.fullmatch(r"(?P<label>.+?) by (?P<who>\S+): (?P<why>\S.*)", text, re.DOTALL)
    if match is None or match["label"] not in LABELS:
        raise click.BadParameter(f"must be 'LABEL by WHO: WHY' with a label of {', '.join(LABELS)}, got {text!r}")
    return Acceptance(label=Label(match["label"]), who=match["who"], why=match["why"])


def accepted_in(event: Path) -> Iterator[Acceptance]:
    """What a pull request's labels accept and its description gives a reason for; a label alone accepts nothing."""
    request = json.loads(event.read_bytes()).get("pull_request") or {}
    labels = {label["name"] for label in request.get("labels", ())}
    for label in Label:
        why = re.search(rf"^accept {label}: *(\S.*)$", request.get("body") or "", re.MULTILINE | re.IGNORECASE)
        if f"accept: {label}" in labels and why:
            yield Acceptance(label=label, who=request["user"]["login"], why=why[1].strip())


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """Whether, and with which charts, objects are rendered."""

    rendered: bool
    charts: Path | None


@dataclass(frozen=True, kw_only=True)
class _Side:
    """One of the two trees: its JSON and what that means, by stack."""

    stacks: Stacks
    facts: Mapping[str, Facts]


def _both(base: str, scratch: Path, progress: Progress, *, wanted: _Wanted) -> tuple[_Side, _Side, list[str]]:
    """Head and base; an empty base and a note where it does not synthesize. A head that does not is an error."""
    progress.add_task("this tree")
    try:
        head = _side(ROOT, sys.executable, scratch / "head-out", wanted=wanted)
    except CannotCompare as broken:
        raise click.ClickException(f"this tree {broken}") from broken
    progress.add_task(base)
    try:
        with checked_out(base, into=scratch) as tree:
            return head, _side(tree, python_of(tree), scratch / "base-out", wanted=wanted), []
    except CannotCompare as broken:
        alone = [f"this tree alone, {name}: {_size(stack)}" for name, stack in head.stacks.items()]
        return head, _Side(stacks={}, facts={}), [f"base {base} {broken}", *alone]


def _side(tree: Path, python: str, out: Path, *, wanted: _Wanted) -> _Side:
    stacks = synthesize(tree, python=python, outdir=out)
    facts = {name: dict(stack_facts(stack)) for name, stack in stacks.items()}
    if wanted.rendered:
        for name in facts.keys() - {FLEET_STACK}:
            objects = render(tree, python=python, region=name, outdir=out / f"rendered-{name}", charts=wanted.charts)
            facts[name].update(rendered_facts(objects))
    return _Side(stacks=stacks, facts=facts)


def _size(stack: Mapping[str, Any]) -> str:
    resources = stack.get("resource", {})
    releases = resources.get("helm_release", {})
    return f"{sum(map(len, resources.values()))} resources, releases {', '.join(r['name'] for r in releases.values())}"


def _plans(given: Iterable[str], *, head: Stacks, base: Stacks) -> tuple[list[Plan], list[str]]:
    read: list[Plan] = []
    notes: list[str] = []
    for text in given:
        stack, _, file = text.partition("=")
        if stack not in {*head, *base} or not file:
            notes.append(f"--plan must be STACK=FILE with a stack of {', '.join(head)}, got {text!r}")
            continue
        known = frozenset(address for tree in (head, base) if stack in tree for address in _addresses(tree, stack))
        try:
            plan = read_plan(Path(file).read_bytes(), stack=stack, addresses=known)
        except (OSError, UnreadablePlan) as fault:
            notes.append(f"plan of {stack}: {fault}")
            continue
        read.append(plan)
        notes += [f"plan of {stack}, in part: {one}" for one in plan.left_out]
    return read, notes


def _addresses(tree: Stacks, stack: str) -> Iterable[str]:
    for type_, named in tree[stack].get("resource", {}).items():
        yield from (f"{type_}.{name}" for name in named)


def as_data(review: Review) -> dict[str, object]:
    """The review for machines."""
    return {
        "headline": headline(review),
        "changes": [
            {
                "kind": change.place.kind,
                "subject": change.place.subject,
                "path": change.place.path,
                "action": change.action,
                "before": change.before,
                "after": change.after,
                "stacks": change.stacks,
            }
            for change in review.changes
        ],
        "risks": [
            {
                "label": risk.rule.label,
                "name": risk.rule.name,
                "sentence": sentence(risk.change),
                "stacks": risk.change.stacks,
                "reason": risk.rule.reason,
                "source": risk.rule.source,
                "advice": risk.rule.advice,
                "accepted": review.acceptance(risk.rule.label) is not None,
            }
            for risk in review.risks
        ],
        "plans": [asdict(plan) for plan in review.plans],
        "notes": review.notes,
    }


def _print(review: Review) -> None:
    out = console()
    out.print(f"[bold]{escape(headline(review))}")
    for note in review.notes:
        out.print(f"[yellow]not compared: {escape(note)}")
    for rule in dict.fromkeys(risk.rule for risk in review.risks):
        taken = review.acceptance(rule.label)
        by = f" [green](accepted by {escape(taken.who)}: {escape(taken.why)})" if taken else ""
        out.print(f"\n[bold red]{rule.label}[/]: {rule.name}: {escape(rule.reason)}. {escape(rule.advice)}{by}")
        for risk in review.risks:
            if risk.rule is rule:
                out.print(f"  {escape(sentence(risk.change))} {where(risk.change.stacks, review)}")
    for kind, changes in by_kind(review.changes).items():
        out.print(f"\n[bold]{kind}")
        for change in changes:
            out.print(f"  {escape(sentence(change))} {where(change.stacks, review)}")
    for plan in review.plans:
        out.print(f"\n[bold]plan of {plan.stack}")
        for planned in plan.planned:
            out.print(f"  {escape(planned_sentence(planned))}")
            for path, old, new in planned.changed:
                out.print(f"    {escape(f'{path}: {old} → {new}')}")
