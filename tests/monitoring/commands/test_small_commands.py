"""The commands that print or write: regions, values, generate, schema."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from monitoring.__main__ import main
from monitoring.blueprint.values import committed_schemas
from monitoring.blueprint.values.charts import versions
from monitoring.commands import generate
from monitoring.errors import InvalidInput

REGIONS = str(Path(__file__).parents[2] / "fleet" / "regions")


def test_regions_json_is_a_github_actions_matrix_with_the_canary_first() -> None:
    result = CliRunner().invoke(main, ["regions", "--json", "--regions", REGIONS])
    assert json.loads(result.stdout) == ["trial-gamma", "trial-alpha", "trial-beta"]


def test_regions_are_printed_as_a_table_by_default() -> None:
    result = CliRunner().invoke(main, ["regions", "--regions", REGIONS])
    assert "trial-beta" in result.stdout
    assert "none" in result.stdout


def test_values_are_yaml_with_a_heading() -> None:
    result = CliRunner().invoke(main, ["values", "trial-beta", "thanos", "--regions", REGIONS])
    assert result.stdout.startswith("---\n# trial-beta: release thanos, chart thanos ")
    assert yaml.safe_load(result.stdout)["receive"]["retention"] == "3d"


def test_values_json_has_all_releases() -> None:
    result = CliRunner().invoke(main, ["values", "trial-beta", "--json", "--regions", REGIONS])
    assert json.loads(result.stdout).keys() == {"objects", "kube-prometheus-stack", "thanos", "oauth2-proxy"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["values", "trial-x"], "region must be one of trial-alpha, trial-beta, trial-gamma, got trial-x"),
        (
            ["values", "trial-beta", "prom"],
            "release must be one of objects, kube-prometheus-stack, thanos, oauth2-proxy, got prom",
        ),
    ],
)
def test_bad_arguments_are_one_line_and_exit_code_1(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(main, [*arguments, "--regions", REGIONS])
    assert result.exit_code == 1
    assert message in result.stderr
    assert "Traceback" not in result.output


@pytest.fixture
def generated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one generated file, `made.txt`."""
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setattr(generate, "GENERATED", {"made.txt": lambda: "new"})
    return tmp_path / "made.txt"


def test_generate_writes_outdated_files(generated: Path) -> None:
    generated.write_text("old")
    assert CliRunner().invoke(generate.command).exit_code == 0
    assert generated.read_text() == "new"


def test_generate_check_lists_outdated_files_without_writing(generated: Path) -> None:
    generated.write_text("old")
    result = CliRunner().invoke(generate.command, ["--check"])
    assert result.exit_code == 1
    assert "made.txt: must be generated anew" in result.stderr
    assert generated.read_text() == "old"


def test_committed_generated_files_are_current() -> None:
    result = CliRunner().invoke(generate.command, ["--check"])
    assert result.exit_code == 0, result.output


def test_chart_upgrade_without_new_schema_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(committed_schemas, "SCHEMAS", tmp_path)
    (tmp_path / "extra").mkdir()
    for chart in versions().charts:
        (tmp_path / "extra" / f"{chart}.yaml").write_text("")
    assert {problem.file for problem in committed_schemas.stale_schemas()} == {
        f"helm-values/schemas/{name}.json" for name in (*versions().charts, "types")
    }


def test_a_hand_kept_list_with_an_unknown_key_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(committed_schemas, "SCHEMAS", tmp_path)
    (tmp_path / "extra").mkdir()
    (tmp_path / "extra" / "thanos.yaml").write_text("opened: []")
    with pytest.raises(InvalidInput, match=r"helm-values/schemas/extra/thanos\.yaml: opened"):
        committed_schemas.read_extra("thanos")


def test_schema_says_how_to_get_a_missing_chart(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["schema", "thanos", "--charts", str(tmp_path)])
    assert result.exit_code == 2
    assert "helm pull" in result.stderr


def test_a_cluster_is_named_as_the_azure_cli_wants_it() -> None:
    result = CliRunner().invoke(main, ["cluster", "trial-beta", "--regions", REGIONS])
    assert result.stdout == (
        "--name aks-trial-beta --resource-group rg-trial-clusters --subscription 11111111-1111-4111-8111-111111111111\n"
    )
