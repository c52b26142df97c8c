"""What an editor says of a region's file is what the loader says of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from monitoring.fleet.schema import region_schema

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@pytest.fixture(scope="module")
def editor() -> jsonschema.Draft202012Validator:
    schema = json.loads(region_schema())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def read(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "file",
    [*sorted((HERE / "regions").iterdir()), *sorted((ROOT / "regions").rglob("*.yaml"))],
    ids=lambda file: file.stem,
)
def test_json_schema_accepts_valid_region_files(editor: jsonschema.Draft202012Validator, file: Path) -> None:
    assert [error.message for error in editor.iter_errors(read(file))] == []


@pytest.mark.parametrize(
    "case",
    ["unknown-key", "unknown-zone", "wrong-unit", "wrong-duration", "wrong-type", "out-of-range", "name-in-the-file"],
)
def test_json_schema_rejects_faults_within_one_file(editor: jsonschema.Draft202012Validator, case: str) -> None:
    assert not editor.is_valid(read(HERE / "bad" / f"{case}.yaml"))


def test_production_region_files_reference_the_json_schema() -> None:
    first = "# yaml-language-server: $schema=./schema.json\n"
    assert [file.name for file in (ROOT / "regions").rglob("*.yaml") if not file.read_text().startswith(first)] == []
