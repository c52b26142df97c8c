"""A review as a comment on a pull request: short, details folded, within what GitHub takes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from monitoring.review.report import (
    Review,
    by_kind,
    headline,
    money_line,
    planned_sentence,
    risk_lines,
    sentence,
    told,
)
from monitoring.review.risks import Label

LIMIT = 65_536
"""Characters of a comment (GitHub)."""

LINES = 60
"""Of a folded block, so that a cut loses little."""

MARK = "<!-- monitoring review -->"
"""By which the comment is found when it is updated."""


def markdown(review: Review) -> str:
    """The comment. What does not fit is cut at the end of a block, and says so."""
    text = "\n".join((MARK, f"**{headline(review)}**", ""))
    left_out = 0
    for block in _blocks(review):
        # room for the line that says what is missing
        if len(text) + len(block) + 200 <= LIMIT:
            text += f"\n{block}\n"
        else:
            left_out += 1
    if left_out:
        text += f"\n{left_out} more blocks do not fit: `monitoring review --format human` shows all.\n"
    return text


def _blocks(review: Review) -> Iterator[str]:
    if line := money_line(review):
        yield line
    if review.notes:
        yield "\n".join(("> [!WARNING]", *(f"> {_plain(note)}" for note in review.notes)))
    yield from _risks(review)
    for kind, changes in by_kind(review.changes).items():
        lines = [f"- {_code(sentence(change))} {told(change, review)}" for change in changes]
        yield from _folded(f"{kind}: {len(changes)}", lines)
    for plan in review.plans:
        lines = []
        for planned in plan.planned:
            lines.append(f"- {_code(planned_sentence(planned))}")
            lines += [f"  - {_code(f'{path}: {old} → {new}')}" for path, old, new in planned.changed[:20]]
        yield from _folded(f"plan of {plan.stack}: {len(plan.planned)}", lines)


def _risks(review: Review) -> Iterator[str]:
    for label in Label:
        rows = [(risk, place) for risk, place in risk_lines(review) if risk.rule.label is label]
        if not rows:
            continue
        taken = review.acceptance(label)
        title = f"### {label.capitalize()}" + (
            f": accepted by {_plain(taken.who)}: {_plain(taken.why)}" if taken else ""
        )
        lines = [title, ""]
        for rule in dict.fromkeys(risk.rule for risk, _ in rows):
            lines.append(f"**{rule.name}**: {rule.reason}. {rule.advice}")
            lines += [f"- {_code(sentence(risk.change))} {place}" for risk, place in rows if risk.rule is rule]
            lines.append("")
        yield "\n".join(lines).rstrip()


def _folded(summary: str, lines: list[str]) -> Iterator[str]:
    for start in range(0, len(lines), LINES):
        part = f" ({start + 1} to {min(start + LINES, len(lines))})" if len(lines) > LINES else ""
        body = "\n".join(lines[start : start + LINES])
        yield f"<details><summary>{summary}{part}</summary>\n\n{body}\n\n</details>"


def _code(text: str) -> str:
    """Inline code, whatever backticks are in it."""
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    pad = " " if "`" in text else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _plain(text: str) -> str:
    """Text of others, without markup, mentions or HTML."""
    return text.replace("\n", " ").replace("<", "&lt;").replace("@", "@\u200b").replace("`", "'")
