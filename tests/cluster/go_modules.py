"""Files that come with a Go module, from the machine's module cache; the version is that of a folder of tools/."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from monitoring.blueprint.values.charts import ROOT


def yaml_documents(tool: str, folders: Mapping[str, tuple[str, ...]]) -> Iterator[Any]:
    """Each document of the YAML files in these folders of each module, which tools/<tool>/go.mod pins."""
    done = subprocess.run(
        ["go", "mod", "download", "-json", *folders],  # noqa: S607  (whichever go is on PATH)
        cwd=ROOT / "tools" / tool,
        capture_output=True,
        text=True,
        check=True,
    )
    text, decoder = done.stdout.strip(), json.JSONDecoder()
    while text:
        module, end = decoder.raw_decode(text)
        text = text[end:].lstrip()
        for folder in folders[module["Path"]]:
            for file in sorted((Path(module["Dir"]) / folder).glob("*.yaml")):
                yield from yaml.load_all(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
