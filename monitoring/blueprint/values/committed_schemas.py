"""The closed schemas as they are committed: one per chart, with a hand-kept list beside it, and their types."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import yaml
from pydantic import ValidationError

from monitoring.blueprint.values.charts import Chart, versions
from monitoring.blueprint.values.schema_generator import Extra, generate, stale
from monitoring.blueprint.values.structures import SCHEMAS, TYPES, hand_kept, written_hash
from monitoring.errors import InvalidInput, Problem


def read_extra(chart: str) -> Extra:
    """The hand-kept list of a chart; InvalidInput where it is not one."""
    name = f"helm-values/schemas/extra/{chart}.yaml"
    file = SCHEMAS / "extra" / f"{chart}.yaml"
    try:
        written = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
        return Extra.model_validate({"by_name": hand_kept()["by_name"], **written})
    except ValidationError as invalid:
        raise InvalidInput(
            Problem(file=name, path=".".join(map(str, error["loc"])), message=f"{error['msg']}, got {error['input']!r}")
            for error in invalid.errors()
        ) from invalid


def schema_text(folder: Path, chart: Chart) -> str:
    """The schema of the chart in `folder`, as committed."""
    extra = read_extra(chart.name)
    schema = generate(folder, name=chart.name, version=chart.version, extra=extra)
    return json.dumps(schema, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def stale_schemas() -> Iterator[Problem]:
    """Committed schemas that are not of the pinned version or the present hand-kept lists; needs no chart."""
    types = json.loads((SCHEMAS / TYPES).read_text(encoding="utf-8")) if (SCHEMAS / TYPES).is_file() else {}
    if (types.get("x-kubernetes"), types.get("x-extra")) != (versions().kubernetes.oldest, written_hash()):
        message = "must be generated with the hand-kept types and the Kubernetes version as they are now"
        yield Problem(file=f"helm-values/schemas/{TYPES}", message=f"{message} (monitoring schema --types)")
    for chart in versions().charts.values():
        name = f"helm-values/schemas/{chart.name}.json"
        file = SCHEMAS / f"{chart.name}.json"
        committed = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        reason = stale(committed, version=chart.version, extra=read_extra(chart.name))
        if reason:
            yield Problem(file=name, message=f"{reason} (monitoring schema {chart.name})")
