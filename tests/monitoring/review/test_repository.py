"""Workflows, lock files, the Makefile and runbooks are reviewed too; so is a region that comes or goes."""

from __future__ import annotations

import pytest

from monitoring.blueprint.values.charts import ROOT
from monitoring.effective.repository import repository_facts, repository_files
from monitoring.review.report import Review, sentence
from monitoring.review.risks.matching import Label
from tests.monitoring.review.edited import facts_of, part, review_of

APPLY, PLAN = ".github/workflows/apply.yml", ".github/workflows/plan.yml"
PINNED = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1"


def _edited(file: str, old: str, new: str) -> Review:
    before = repository_files(ROOT)
    assert old in before[file], f"{file} does not hold {old!r}"
    after = {**before, file: before[file].replace(old, new, 1)}
    return review_of({"repository": repository_facts(before)}, {"repository": repository_facts(after)})


@pytest.mark.parametrize(
    ("file", "old", "new", "meets", "says"),
    [
        (PLAN, "permissions: {}", "permissions: write-all", "workflow's rights", "permissions {} → write-all"),
        (PLAN, "contents: read", "contents: write", "workflow's rights", "permissions.contents read → write"),
        (PLAN, "  pull_request:\n", "  pull_request_target:\n", "workflow's rights", "on.pull_request_target"),
        (
            APPLY,
            "    environment: apply-${{ matrix.stack }}",
            "    env2: x",
            "workflow's rights",
            "environment removed",
        ),
        (APPLY, PINNED, "actions/checkout@v7", "unpinned action", "checkout@v7"),
        (PLAN, "persist-credentials: false", "persist-credentials: true", "workflow's rights", "persist-credentials"),
        (PLAN, "vars.AZURE_PLAN_CLIENT_ID", "vars.AZURE_APPLY_CLIENT_ID", "workflow's rights", "ARM_CLIENT_ID"),
        (PLAN, "  comment:\n", "  comment2:\n", "workflow gone", "jobs.comment"),
        (APPLY, "- run: make verify-cluster", "- run: make clean", "not judged: look", "run make verify-cluster"),
        (APPLY, "max-parallel: 1", "max-parallel: 9", "not judged: look", "max-parallel 1 → 9"),
        ("Makefile", "zizmor --offline", "zizmor --offline --no-exit-codes", "not judged: look", "Makefile"),
        ("Pipfile.lock", '"version": "==0.21.0"', '"version": "==0.22.0"', "not judged: look", "==0.21.0 → ==0.22.0"),
        (
            "Pipfile.lock",
            '"sources": []',
            '"sources": [{"name": "x", "url": "y"}]',
            "packages from elsewhere",
            "sources",
        ),
        (
            "Pipfile.lock",
            '                "sha256:',
            '                "sha256:0',
            "packages from elsewhere",
            "checksums of",
        ),
        (
            "package-lock.json",
            '"integrity": "sha512-',
            '"integrity": "sha512-0',
            "packages from elsewhere",
            "checksums of",
        ),
    ],
)
def test_an_edit_of_what_acts_with_the_repositorys_rights_is_told(
    file: str, old: str, new: str, meets: str, says: str
) -> None:
    review = _edited(file, old, new)
    met = {risk.rule.name: sentence(risk.change) for risk in review.risks}
    assert meets in met, met
    assert any(says in sentence(risk.change) for risk in review.risks), met


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("docs/runbooks/ZoneDown.md", "#", "# Another word\n\n#"),
        (APPLY, "# What is merged", "# All that is merged"),
        (APPLY, "permissions:\n      contents: read", "permissions: {contents: read}"),
        ("Makefile", "# Needs Python", "# Takes Python"),
    ],
)
def test_an_edit_of_every_day_needs_no_look(file: str, old: str, new: str) -> None:
    assert _edited(file, old, new).risks == ()


def test_a_pinned_action_of_another_commit_is_to_be_looked_at_and_not_called_unpinned() -> None:
    review = _edited(APPLY, PINNED, PINNED.replace("3d3c42e5", "00000000"))
    assert {risk.rule.label for risk in review.risks} == {Label.LOOK}


@pytest.mark.parametrize(("file", "label"), [("docs/runbooks/ZoneDown.md", "blindness"), (PLAN, "blindness")])
def test_a_file_that_goes_is_told(file: str, label: str) -> None:
    before = repository_files(ROOT)
    after = {name: text for name, text in before.items() if name != file}
    review = review_of({"repository": repository_facts(before)}, {"repository": repository_facts(after)})
    assert [(str(risk.rule.label), risk.change.key.subject) for risk in review.risks] == [(label, file)]


def test_a_region_whose_file_goes_loses_its_data() -> None:
    there = {"trial-a": facts_of(part("azurerm_managed_disk"))}
    gone = review_of(there, {})
    assert [(risk.rule.name, sentence(risk.change)) for risk in gone.risks] == [
        ("a region goes", "stack trial-a removed")
    ]
    come = review_of({}, there)
    assert [risk.rule.label for risk in come.risks] == [Label.COST]


def test_a_workflow_that_is_no_yaml_is_one_text() -> None:
    facts = repository_facts({".github/workflows/x.yml": "{", ".ci/run": "make"})
    assert {key.path: value for key, value in facts.items() if key.path} == {"text": "make"} | {"text": "make"}
    assert len(facts) == 4
