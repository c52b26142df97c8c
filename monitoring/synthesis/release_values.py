"""Each release's values as a YAML file beside the stack's JSON, which reads it by `file()`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from monitoring.blueprint.releases.release import Release


def write_values(stack: Path, releases: Iterable[Release]) -> None:
    """Write every release's file below the folder of its stack, and remove those of releases that are gone."""
    texts = {stack / release.values_file: release.text for release in releases}
    for file, text in texts.items():
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    for folder in {file.parent for file in texts}:
        for file in set(folder.iterdir()) - texts.keys():
            file.unlink()
