"""The JSON schema of `regions/*.yaml`, by which an editor completes keys and marks faults."""

from __future__ import annotations

import json
from typing import Any

from monitoring.fleet.model import Region


def region_schema() -> str:
    """JSON text. Nothing is required, since a region's file says only what differs and `_common.yaml` the rest.

    `name` is left out: the file's stem is the name.
    """
    schema = Region.model_json_schema()
    _nothing_required(schema)
    del schema["properties"]["name"]
    schema["title"] = "A region of Oversight's monitoring"
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _nothing_required(schema: Any) -> None:
    if isinstance(schema, dict):
        schema.pop("required", None)
        for below in schema.values():
            _nothing_required(below)
    elif isinstance(schema, list):
        for below in schema:
            _nothing_required(below)
