"""How a review is told: short, folded, within GitHub's limit, and by exit codes."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from monitoring.blueprint.values.charts import ROOT
from monitoring.commands import review as command
from monitoring.effective.facts import FactKey, Kind
from monitoring.review.changes import MISSING, Change
from monitoring.review.markdown import LIMIT, markdown
from monitoring.review.report import Acceptance, Review, headline, where
from monitoring.review.risks import LOOK, RULES, Label, judged
from monitoring.review.trees import CannotCompare, checked_out, synthesize

STACKS = ("fleet", "trial-east", "trial-west")


def _change(path: str = "retention", *, before: object = "10d", after: object = "5d") -> Change:
    place = FactKey(kind=Kind.VALUE, subject="thanos", path=f"receive.{path}")
    return Change(key=place, before=before, after=after, stacks=STACKS[1:])  # type: ignore[arg-type]


def _review(*changes: Change, **more: object) -> Review:
    verdict = judged(changes)
    return Review(stacks=STACKS, changes=changes, risks=verdict.risks, harmless=verdict.harmless, **more)  # type: ignore[arg-type]


def test_the_headline_says_how_much_and_what_is_at_stake() -> None:
    assert headline(_review(_change())) == "1 change in trial-east, trial-west; data loss (1)."
    assert headline(_review(_change("x"))) == "1 change in trial-east, trial-west; not judged: look (1)."
    assert headline(_review(_change(after="20d"))) == "1 change in trial-east, trial-west; no known risk."
    assert headline(_review()) == "Nothing changes."
    assert headline(_review(notes=("the base is gone",))) == "Nothing that could be compared changes."


def test_all_regions_are_said_once() -> None:
    review = _review(_change())
    assert where(STACKS[1:], review) == "in all 2 regions"
    assert where(("trial-east",), review) == "in trial-east"


def test_the_comment_has_the_risk_before_the_details() -> None:
    text = markdown(_review(_change()))
    assert text.index("### Data loss") < text.index("<details>")
    assert "`value thanos: receive.retention 10d → 5d` in all 2 regions" in text


def test_an_accepted_risk_is_shown_with_who_and_why() -> None:
    taken = Acceptance(label=Label.DATA_LOSS, who="octo", why="nobody asks <b>for</b> them, @all")
    review = _review(_change(), accepted=(taken,))
    assert "### Data loss: accepted by octo: nobody asks &lt;b>for&lt;/b> them, @\u200ball" in markdown(review)
    assert review.failing([Label.DATA_LOSS]) == []
    assert _review(_change()).failing([Label.DATA_LOSS]) != []


def test_a_large_comment_stays_within_the_limit_and_says_so() -> None:
    changes = [_change(f"key{number}", before="x" * 150, after="y" * 150) for number in range(2000)]
    text = markdown(_review(_change(), *changes))
    assert len(text) <= LIMIT
    assert "more blocks do not fit" in text
    assert "### Data loss" in text


def test_a_value_cannot_break_out_of_its_code() -> None:
    assert "`` value thanos: receive.x a → `b` ``" in markdown(_review(_change("x", before="a", after="`b`")))


def test_every_rule_says_why_from_where_and_what_to_do() -> None:
    every = (*RULES, LOOK)
    assert len({rule.name for rule in every}) == len(every)
    for rule in every:
        assert rule.reason
        assert rule.source
        assert rule.advice.endswith(".")
    assert {rule.label for rule in every} == set(Label)


def test_what_a_rule_names_as_its_source_in_docs_exists() -> None:
    pages = {rule.source.partition(",")[0] for rule in RULES if rule.source.startswith("docs/")}
    assert {page for page in pages if not (ROOT / page).is_file()} == set()


def test_a_thing_that_was_not_there_is_added() -> None:
    change = _change("x", before=MISSING, after="1")
    assert markdown(_review(change)).count("receive.x added: 1`") == 2  # under its label, and under its kind


def test_an_unknown_ref_is_said_the_head_is_shown_and_the_code_is_2() -> None:
    result = CliRunner().invoke(command.command, ["--base", "no-such-ref", "--format", "json"])
    notes = json.loads(result.stdout)["notes"]
    assert result.exit_code == 2
    assert "must be a commit, branch or tag of this repository, got 'no-such-ref'" in notes[0]
    assert any(note.startswith("this tree alone, fleet: ") for note in notes)


def test_an_option_is_no_ref() -> None:
    with pytest.raises(CannotCompare, match="got '--help'"):
        checked_out("--help", into=Path("/nowhere"))


@pytest.mark.parametrize("text", ["data loss", "data loss by me", "fear by me: why", "data loss by : why"])
def test_an_acceptance_says_label_who_and_why(text: str) -> None:
    result = CliRunner().invoke(command.command, ["--base", "HEAD", "--accept", text])
    assert result.exit_code == 2
    assert "must be 'LABEL by WHO: WHY'" in result.stderr


def test_a_base_that_does_not_synthesize_says_why(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("import sys\nsys.exit('regions/x.yaml:1: zones must be a list')\n")
    with pytest.raises(CannotCompare, match=r"does not synthesize: regions/x\.yaml:1: zones must be a list"):
        synthesize(tmp_path, python=shutil.which("python3") or "python3", outdir=tmp_path / "out")


def _git(repository: Path, *arguments: str) -> str:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    line = ["git", "-C", str(repository), *who, *arguments]
    return subprocess.run(line, check=True, capture_output=True, text=True).stdout


def test_a_ref_is_written_beside_the_tree_and_git_remembers_nothing(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    repository.mkdir()
    _git(repository, "init", "-q")
    (repository / "main.py").write_text("first\n")
    _git(repository, "add", "main.py")
    _git(repository, "commit", "-q", "-m", "first")
    (repository / "main.py").write_text("second\n")
    tree = checked_out("HEAD", into=tmp_path, repository=repository)
    assert (tree / "main.py").read_text() == "first\n"
    assert len(_git(repository, "worktree", "list").splitlines()) == 1


INTERRUPTED = """
import sys
from monitoring.review.trees import scratch_folder
with scratch_folder() as folder:
    (folder / "file").write_text("x")
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_an_interrupted_review_leaves_no_folder_behind(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as running:
        assert running.stdout is not None
        folder = Path(running.stdout.readline().strip())
        assert (folder / "file").is_file()
        running.send_signal(number)
        running.wait()
    assert not folder.exists()


@pytest.mark.parametrize(
    ("labels", "body", "taken"),
    [
        (["accept: data loss"], "Why not\n\nAccept data loss: nobody asks for them\r\n", ["nobody asks for them"]),
        (["accept: data loss"], "no reason", []),
        ([], "Accept data loss: no label", []),
        (["accept: data loss"], None, []),
    ],
)
def test_a_pull_request_accepts_by_label_and_reason(
    labels: list[str], body: str | None, taken: list[str], tmp_path: Path
) -> None:
    event = tmp_path / "event.json"
    request = {"labels": [{"name": name} for name in labels], "body": body, "user": {"login": "octo"}}
    event.write_text(json.dumps({"pull_request": request}))
    assert [(one.label, one.who, one.why) for one in command.accepted_in(event)] == [
        (Label.DATA_LOSS, "octo", why) for why in taken
    ]
