"""`monitoring review`: what a change means, and what it risks."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from monitoring.console import console, steps
from monitoring.cost.prices import Prices, read_prices
from monitoring.errors import InvalidInput
from monitoring.review.changes import between
from monitoring.review.markdown import markdown
from monitoring.review.money import difference
from monitoring.review.report import (
    Acceptance,
    Review,
    as_data,
    by_kind,
    headline,
    money_line,
    planned_sentence,
    risk_lines,
    sentence,
    told,
)
from monitoring.review.risks import Label, judged
from monitoring.review.trees import CannotCompare, scratch_folder
from monitoring.review.two_trees import Rendered, both_sides, read_plans

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
    with scratch_folder() as scratch, steps() as progress:
        wanted = Rendered(rendered=rendered, charts=charts)
        try:
            head, before, notes = both_sides(base, scratch, wanted=wanted, say=progress.add_task)
        except CannotCompare as broken:
            raise click.ClickException(str(broken)) from broken
    read, unread = read_plans(plans, head=head.stacks, base=before.stacks)
    changes = between(before.facts, head.facts) if before.stacks else []
    verdict = judged(changes, plans=read)
    prices, unpriced = _prices()
    review = Review(
        stacks=tuple(sorted({*head.stacks, *before.stacks})),
        changes=tuple(changes),
        risks=verdict.risks,
        harmless=verdict.harmless,
        plans=tuple(read),
        accepted=accepted,
        notes=(*notes, *unread, *unpriced),
        money=difference(changes, before=before.facts, after=head.facts, prices=prices),
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


def _prices() -> tuple[Prices, list[str]]:
    """This tree's table; where it cannot be read, none, and why: a review goes on without it."""
    try:
        return read_prices(), []
    except InvalidInput as invalid:
        return Prices(currency=""), [str(problem) for problem in invalid.problems]


def _acceptance(text: str) -> Acceptance:
    match = re.fullmatch(r"(?P<label>.+?) by (?P<who>\S+): (?P<why>\S.*)", text, re.DOTALL)
    if match is None or match["label"] not in LABELS:
        raise click.BadParameter(f"must be 'LABEL by WHO: WHY' with a label of {', '.join(LABELS)}, got {text!r}")
    return Acceptance(label=Label(match["label"]), who=match["who"], why=match["why"])


def accepted_in(event: Path) -> Iterator[Acceptance]:
    """What a pull request's labels accept and its description gives a reason for; a label alone accepts nothing."""
    labels, body, who = _pull_request(event)
    for label in Label:
        why = re.search(rf"^accept {label}: *(\S.*)$", body, re.MULTILINE | re.IGNORECASE)
        if f"accept: {label}" in labels and why:
            yield Acceptance(label=label, who=who, why=why[1].strip())


def _pull_request(event: Path) -> tuple[set[str], str, str]:
    """Labels, description and author; none of them where the event is no pull request's."""
    try:
        request = json.loads(event.read_bytes()).get("pull_request") or {"user": {"login": ""}}
        labels = {label["name"] for label in request.get("labels", ())}
        return labels, str(request.get("body") or ""), str(request["user"]["login"])
    except (AttributeError, KeyError, OSError, TypeError, ValueError, RecursionError) as fault:
        raise click.BadParameter(f"must be GitHub's event of a pull request, as JSON: {event}") from fault


def _print(review: Review) -> None:
    out = console()
    out.print(f"[bold]{escape(headline(review))}")
    if line := money_line(review):
        out.print(escape(line))
    for note in review.notes:
        out.print(f"[yellow]not compared: {escape(note)}")
    for rule in dict.fromkeys(risk.rule for risk in review.risks):
        taken = review.acceptance(rule.label)
        by = f" [green](accepted by {escape(taken.who)}: {escape(taken.why)})" if taken else ""
        out.print(f"\n[bold red]{rule.label}[/]: {rule.name}: {escape(rule.reason)}. {escape(rule.advice)}{by}")
        for risk, place in risk_lines(review):
            if risk.rule is rule:
                out.print(f"  {escape(sentence(risk.change))} {escape(place)}")
    for kind, changes in by_kind(review.changes).items():
        out.print(f"\n[bold]{kind}")
        for change in changes:
            out.print(f"  {escape(sentence(change))} {escape(told(change, review))}")
    _print_plans(review, out)


def _print_plans(review: Review, out: Console) -> None:
    for plan in review.plans:
        out.print(f"\n[bold]plan of {plan.stack}")
        for planned in plan.planned:
            out.print(f"  {escape(planned_sentence(planned))}")
            for path, old, new in planned.changed:
                out.print(f"    {escape(f'{path}: {old} → {new}')}")
