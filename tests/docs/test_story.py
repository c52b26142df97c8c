"""docs/story.md tells the truth: each line of the story has a row, and what the rows name is there, with that value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from monitoring.blueprint.releases import checked_releases
from monitoring.fleet import load_fleet

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "story.md").read_text(encoding="utf-8")
STORY = ROOT.parent / "shared" / "story.md"
REGION = "prod-eastus"

CRITERIA = 8
TASK_ITEMS = 34
ENDPOINTS = ("Internal", "External", "Federation", "Remote Write")
STANDARDS = 5
SNIPPETS = {
    "prometheus-deployment.yaml": ("retention.time=15d", "retention.size=50GB", "max_shards: 200", "enable-admin-api"),
    "azure-sd-config.yaml": ("azure-vms", "azure-sql", "azure-redis", "refresh_interval: 300s"),
    "prometheus-exporter.js": ("[0.1, 0.3, 0.5, 0.7, 1, 3, 5, 7, 10]", "[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1]"),
    "thanos-receiver.yaml": ("--tsdb.retention=7d", 'receive="true"', "replicas: 3"),
    "thanos-objstore.yml": ("storage_account_key", "max_retries: 3"),
    "recording-rules.yml": ("instance:node_cpu:rate5m", "business:revenue:rate1m"),
    "federation-config.yaml": ("honor_labels: true", "prometheus-westus.monitoring.svc:9090"),
    "prometheus-auth.yaml": ("cert_file", "admin"),
    "oauth2-proxy.yaml": ("--provider=azure", "--cookie-secret=", "--email-domain=oversight.com"),
    "prometheus-self-monitoring.yml": ("localhost:9090",),
}
"""The story's snippets, and settings of each that must have a row, stated without the story at hand."""


def sections(page: str) -> Mapping[str, list[list[str]]]:
    """Rows of cells by heading."""
    found: dict[str, list[list[str]]] = {}
    for section in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
        title, _, body = section.partition("\n")
        lines = [line for line in body.splitlines() if line.startswith("| ") and not line.startswith("| story |")]
        found[title] = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return found


def missing_lines(page: str) -> list[str]:
    """Lines of the story that have no row."""
    rows = sections(page)
    first = {title: " ".join(row[0] for row in of) for title, of in rows.items()}
    missing = [
        f"criterion {number}"
        for number in range(1, CRITERIA + 1)
        if not any(row[0].startswith(f"{number} ") for row in rows.get("Acceptance criteria", ()))
    ]
    if len(rows.get("Tasks", ())) != TASK_ITEMS:
        missing.append("a task")
    missing += [name for name in ENDPOINTS if f"{name}: http" not in first.get("Prometheus endpoints", "")]
    if len(rows.get("Testing standards", ())) != STANDARDS:
        missing.append("a testing standard")
    return missing + [
        f"{title}: {one}" for title, of in SNIPPETS.items() for one in of if one not in first.get(title, "")
    ]


@cache
def values() -> Mapping[str, Any]:
    return {release.name: release.values for release in checked_releases(load_fleet(ROOT / "regions"))[REGION]}


def at(release: str, path: str) -> object:
    """The value at a path such as `a.b[0].c`; KeyError, IndexError or TypeError where there is none."""
    found: Any = values()[release]
    for key, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
        found = found[int(index)] if index else found[key]
    return found


def wrong_values(page: str) -> Iterator[str]:
    """`release: path = value` that is not so."""
    for release, path, value in re.findall(r"`([a-z0-9-]+): ([\w.\[\]-]+) = ([^`]+)`", page):
        try:
            real = at(release, path)
        except (KeyError, IndexError, TypeError):
            real = None
        said = "true" if real is True else "false" if real is False else str(real)
        if said != value:
            yield f"{release}: {path} is {said}, not {value}"


def missing_paths(page: str) -> Iterator[str]:
    """Files and folders in code spans and commands that are not there."""
    here = " ".join(" ".join(row[1:]) for rows in sections(page).values() for row in rows)
    for span in re.findall(r"`([^`]+)`", here):
        for word in span.split():
            ours = re.match(r"(?:tests|monitoring|constructs|helm-values|regions|docs|oversight_metrics)/", word)
            if ours and not (ROOT / word).exists():
                yield word


def rows_without(page: str) -> Iterator[str]:
    """Rows that leave out where it is, how to see it, or the reason."""
    for title, rows in sections(page).items():
        for row in rows:
            if len(row) != 4 or not all(row):
                yield f"{title}: {row[0]}"


def test_each_story_line_has_a_table_row() -> None:
    assert missing_lines(PAGE) == []


@pytest.mark.parametrize(
    ("line", "missing"),
    [
        ("| 4 15-day retention", "criterion 4"),
        ("| Test federation |", "a task"),
        ("| `max_retries: 3`", "thanos-objstore.yml: max_retries: 3"),
        ("| Remote Write: http", "Remote Write"),
        ("| Check federation endpoints", "a testing standard"),
    ],
)
def test_missing_story_row_is_reported(line: str, missing: str) -> None:
    broken = "\n".join(row for row in PAGE.splitlines() if not row.startswith(line))
    assert missing_lines(broken) == [missing]


def test_story_values_equal_the_deployed_values() -> None:
    assert len(re.findall(r"` = |: [\w.\[\]-]+ = ", PAGE)) > 40
    assert list(wrong_values(PAGE)) == []


@pytest.mark.parametrize(
    "line",
    [
        "`kube-prometheus-stack: prometheus.prometheusSpec.retention = 16d`",
        "`thanos: receive.ingestors.replicas = 3`",
        "`thanos-sidecar: replicas = 3`",
    ],
)
def test_story_value_that_is_not_deployed_is_reported(line: str) -> None:
    assert len(list(wrong_values(line))) == 1


def test_story_paths_exist() -> None:
    assert list(missing_paths(PAGE)) == []
    assert list(missing_paths("## A\n| x | `tests/rules/none.yaml` | `python -m pytest tests/nowhere` | |\n")) == [
        "tests/rules/none.yaml",
        "tests/nowhere",
    ]


def test_each_story_row_has_place_check_and_reason() -> None:
    assert list(rows_without(PAGE)) == []
    assert list(rows_without("## A\n| one | two | | four |\n")) == ["A: one"]


def settings(story: str) -> Iterator[str]:
    """Of the story's own text: each line of a YAML snippet that sets a value, and each item of a task."""
    fence = ""
    for line in map(str.strip, story.splitlines()):
        if line.startswith("```"):
            fence = "" if fence else line[3:] or "text"
        elif (
            fence == "yaml"
            and line != "---"
            and (found := re.fullmatch(r"(?:- )?(['\"]?[\w.-]+['\"]?: \S.*|--\S.*|'.+')", line))
        ):
            yield found[1].partition("  #")[0]
        elif not fence and (found := re.fullmatch(r"- \[ \] (.+)", line)):
            yield found[1]


def left_out(story: str) -> set[str]:
    """Settings and items that the first cells name neither whole nor by their key."""
    spans = {
        span.replace(r"\|", "|")
        for row in re.findall(r"^\| (.+?) \| ", PAGE, re.MULTILINE)
        for span in re.findall(r"`([^`]+)`", row)
    }
    tasks = {row[0] for row in sections(PAGE)["Tasks"]}
    lines = set(settings(story))
    return {line for line in lines if line not in spans | tasks and line.partition(":")[0] not in spans}


def test_no_setting_of_the_story_is_left_out() -> None:
    """Of the whole story where it lies beside the repository; else of a snippet."""
    snippet = "- [ ] Test federation\n```yaml\nmax_shards: 200\nmax_sharts: 200\n- --email-domain=oversight.com\n```\n"
    assert left_out(snippet) == {"max_sharts: 200"}
    if STORY.is_file():
        assert left_out(STORY.read_text(encoding="utf-8")) == set()
