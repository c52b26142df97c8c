"""The tool behind `make mutants`: which faults it makes, which it leaves out, and that it touches copies alone."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tools.mutants import __main__ as tool
from tools.mutants import trial
from tools.mutants.__main__ import ROOT, Tried, as_json, equivalents, killed_before, table
from tools.mutants.areas import AREAS, matching
from tools.mutants.edit import Edit
from tools.mutants.python_edits import python_edits
from tools.mutants.sample import Mutant, mutants, sample
from tools.mutants.trial import RedTestsError, copies, passes, pytest_arguments, survivors
from tools.mutants.yaml_edits import yaml_edits


def python(text: str) -> set[tuple[str, str]]:
    """Kind, and the text with the fault."""
    return {(edit.kind, edit.of(text)) for edit in python_edits(text)}


@pytest.mark.parametrize(
    ("text", "kind", "fault"),
    [
        ("x = a < b", "comparison", "x = a <= b"),
        ("x = a >= b", "comparison", "x = a > b"),
        ("x = a not in b", "comparison", "x = a in b"),
        ("x = a is not b", "comparison", "x = a is b"),
        ("x = a < b <= c", "comparison", "x = a < b < c"),
        ("x = a and b or c", "and/or", "x = a or b or c"),
        ("x = not a", "not", "x = (a)"),
        ("x = b if a else c", "not", "x = b if (not (a)) else c"),
        ("x = [b for b in c if b]", "not", "x = [b for b in c if (not (b))]"),
        ("x = True", "bool", "x = False"),
        ("x = 5", "number", "x = 6"),
        ("x = 5", "number", "x = 4"),
        ("x = 0.8", "number", "x = 0.88"),
        ("x = 'a'", "string", "x = 'ax'"),
        ("x = a + b * c", "operand", "x = a + (b)"),
        ("x = a + b * c", "operand", "x = (a)"),
        ("x = (a, b, c)", "element", "x = (a, c)"),
        ("x = [a, b]", "element", "x = [a]"),
        ("x = (a,)", "element", "x = ()"),
        ("x = {'a': 1, 'b': 2}", "entry", "x = {'a': 1}"),
        ("f(a, b=1, depends_on=c)", "argument", "f(a, b=1)"),
        ("x = max(a, b)", "argument", "x = max(b)"),
        ("x = max(a, b)", "function", "x = min(a, b)"),
        ("x = math.ceil(a)", "function", "x = math.floor(a)"),
        ("f(a)", "statement", "pass"),
        ("x: Annotated[int, Field(ge=1)]", "number", "x: Annotated[int, Field(ge=2)]"),
        ("x = 'ä', a < b", "comparison", "x = 'ä', a <= b"),
    ],
)
def test_a_fault_of_each_kind_is_made(text: str, kind: str, fault: str) -> None:
    assert (kind, fault) in python(text)


@pytest.mark.parametrize(
    "text",
    [
        '"""Of 5 things."""',
        "raise ValueError('a', 5)",
        "print('a')",
        "log.warning('a', 5)",
        "import a",
        "x: Literal['a']",
        "def f(x: 'a') -> 'b': ...",
        "if __name__ == '__main__':\n    f(1)",
        "__all__ = ['a']",
        "x = f'a {b} c'",
        "x = 'two words'",
        "y = f(x, encoding='utf-8')",
        "x = [a for a in zip(b, c, strict=True)]",
        "@dataclass(frozen=True)\nclass A: ...",
    ],
)
def test_edits_without_behaviour_change_are_not_made(text: str) -> None:
    assert python(text) == set()


def of_yaml(text: str) -> set[tuple[str, str]]:
    return {(edit.kind, edit.of(text)) for edit in yaml_edits(text)}


@pytest.mark.parametrize(
    ("text", "kind", "fault"),
    [
        ("a: 1\nb: 2\n", "entry", "b: 2\n"),
        ("a:\n  b: 1\n  c:\n    d: 2\n    e: 3\nf: 4\n", "entry", "a:\n  b: 1\nf: 4\n"),
        ("a: true\n", "bool", "a: false\n"),
        ("a: 5m\n", "number", "a: 6m\n"),
        ("a: 5m\n", "number", "a: 4m\n"),
        ('a: "2"\n', "number", 'a: "3"\n'),
        ("a: Always\n", "string", "a: Alwaysx\n"),
        ("a:\n  - b\n  - c\n", "element", "a:\n  - c\n"),
        ("a: {b: 1, c: 2}\n", "number", "a: {b: 2, c: 2}\n"),
        ("expr: a > 5\n", "comparison", "expr: a >= 5\n"),
        ("expr: a >= 5\n", "comparison", "expr: a > 5\n"),
        ("expr: a > 5\n", "number", "expr: a > 6\n"),
        ("expr: rate(a[5m])\n", "duration", "expr: rate(a[6m])\n"),
        ("expr: rate(a[5m])\n", "function", "expr: increase(a[5m])\n"),
        ("expr: a and b\n", "and/or", "expr: a or b\n"),
        ('expr: a{b="c",d="e"}\n', "matcher", 'expr: a{d="e"}\n'),
    ],
)
def test_a_fault_of_each_kind_is_made_in_yaml(text: str, kind: str, fault: str) -> None:
    assert (kind, fault) in of_yaml(text)


def test_human_readable_yaml_text_is_not_mutated() -> None:
    assert of_yaml("summary: five\ndescription: six\n") == set()


def test_each_yaml_mutant_changes_the_parsed_data() -> None:
    text = (ROOT / "helm-values" / "thanos.yaml").read_text(encoding="utf-8")
    faults = [edit.of(text) for edit in yaml_edits(text)]
    assert len(faults) > 50
    assert all(yaml.safe_load(fault) != yaml.safe_load(text) for fault in faults)


def mutant(kind: str, number: int) -> Mutant:
    return Mutant(path="a.py", line=number, kind=kind, diff=(f"- {number}",), text="")


def test_a_sample_has_every_kind_is_the_same_each_time_and_the_beginning_of_a_larger_one() -> None:
    found = [mutant(kind, number) for kind in "ab" for number in range(20)] + [mutant("c", 0)]
    four = sample("area", found, 4)
    assert [one.kind for one in four] == ["a", "b", "c", "a"]
    assert sample("area", reversed(found), 9)[:4] == four
    assert sample("another", found, 4) != four
    assert len(sample("area", found, 100)) == 41


def test_a_sample_does_not_change_with_what_else_is_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("x = 5\n", encoding="utf-8")
    before = sample("area", mutants(tmp_path, [file]), 1)
    file.write_text("\n\nx = 5\n", encoding="utf-8")
    (after,) = sample("area", mutants(tmp_path, [file]), 1)
    assert [(one.line, one.diff) for one in before] == [(1, after.diff)]
    assert after.line == 3


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A function, and a test that holds one of its two bounds."""
    (tmp_path / "bounds.py").write_text("def inside(x: int) -> bool:\n    return 1 <= x < 5\n", encoding="utf-8")
    test = "from bounds import inside\n\ndef test_it():\n    assert inside(1) and not inside(0) and not inside(9)\n"
    (tmp_path / "test_bounds.py").write_text(test, encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text('[tool.pytest.ini_options]\npythonpath = ["."]\n', encoding="utf-8")
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)  # noqa: S607  (make asks for git)
    return tmp_path


def holds(tree: Path, *_: object, **__: object) -> bool:
    """What the project's test says, without a pytest."""
    found: dict[str, Callable[[int], bool]] = {}
    exec((tree / "bounds.py").read_text(encoding="utf-8"), found)  # noqa: S102  (the fixture's)
    inside = found["inside"]
    return inside(1) and not inside(0) and not inside(9)


def test_a_bound_that_no_test_meets_survives_and_the_tree_is_left_alone(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "passes", holds)
    file = project / "bounds.py"
    whole = file.read_text(encoding="utf-8")
    low, high = (one for one in mutants(project, [file]) if one.kind == "comparison")
    with copies(project, 2) as trees:
        results = dict(survivors(trees, [low, high], [], progress=False))
        assert [tree.joinpath("bounds.py").read_text(encoding="utf-8") for tree in trees] == [whole, whole]
    assert (results[low], results[high]) == (False, True)
    assert file.read_text(encoding="utf-8") == whole
    assert not any(tree.exists() for tree in trees)


def test_a_run_of_pytest_passes_or_fails(project: Path) -> None:
    assert passes(project, ["-q", "-p", "no:cacheprovider"], timeout=None)
    (project / "bounds.py").write_text("def inside(x): return True\n", encoding="utf-8")
    assert not passes(project, ["-q", "-p", "no:cacheprovider"], timeout=None)


def test_a_run_that_does_not_end_does_not_pass(project: Path) -> None:
    assert not passes(project, [], timeout=0)


def test_failing_tests_without_a_mutant_are_an_error(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "passes", lambda *_, **__: False)
    with pytest.raises(RedTestsError, match="these fail without any fault: pytest -q"):
        next(survivors([project], [], ["-q"], progress=False))


RESULT = Tried(area="fleet", killed=[mutant("a", 1)] * 3, survived=[mutant("b", 2)], equivalent=[mutant("c", 3)])


def test_the_table_shows_what_survived_and_the_share() -> None:
    assert table(RESULT).splitlines()[-3:] == [
        "SURVIVED a.py:2 b",
        "         - 2",
        "fleet: 3 of 4 killed (75 %), 1 equivalent not counted",
    ]
    assert killed_before(as_json([RESULT])) == {("a", ("- 1",))}
    told = json.loads(as_json([RESULT]))
    assert (told[0]["share"], told[0]["survived"]) == (
        75.0,
        [{"path": "a.py", "line": 2, "kind": "b", "diff": ["- 2"]}],
    )


@pytest.mark.parametrize(("bound", "code"), [("0", 0), ("75", 0), ("75.1", 1)])
def test_a_share_below_the_bound_is_an_exit_code(monkeypatch: pytest.MonkeyPatch, bound: str, code: int) -> None:
    monkeypatch.setattr(tool, "tried", lambda *_, **__: RESULT)
    assert tool.main(["fleet", "--at-least", bound]) == code


def test_mutants_run_the_default_tests_unless_a_marker_is_set() -> None:
    alike = ["-x", "-q", "-n", "0", "-p", "no:cacheprovider", "--hypothesis-seed=0"]
    assert pytest_arguments(["a", "b"], "") == [*alike, "a", "b"]
    assert pytest_arguments(["a"], "x or y") == [*alike, "-m", "x or y", "a"]


def test_every_area_names_files_and_tests_that_exist() -> None:
    for area in AREAS.values():
        assert matching(ROOT, area.sources)
        assert matching(ROOT, area.tests)
    with pytest.raises(FileNotFoundError, match=r"nowhere/\*\.py names nothing"):
        matching(ROOT, ["nowhere/*.py"])


def test_each_equivalent_mutant_still_exists_and_has_a_reason() -> None:
    listed = equivalents(tool.EQUIVALENT.read_text(encoding="utf-8"))
    files = {ROOT / file for file, _ in listed}
    made = {(one.path, one.diff) for one in mutants(ROOT, files)}
    assert listed - made == set()
    assert equivalents("[{file: a, diff: [x], reason: ''}]") == set()


def test_an_edit_replaces_its_span() -> None:
    assert Edit(kind="x", start=1, end=3, new="-").of("abcd") == "a-d"
