"""Each release's values as a YAML file beside the stack's JSON, which reads it by `file()`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from monitoring.blueprint.releases.release import Release


def values_files(stack: Path, releases: Iterable[Release]) -> dict[Path, str]:
    """The text of every release's file, which lies below the folder of its stack."""
    return {stack / release.values_file: release.text for release in releases}


def write_values(files: Mapping[Path, str]) -> None:
    """Write the files, and remove those of releases that are gone."""
    for file, text in files.items():
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    for folder in {file.parent for file in files}:
        for file in set(folder.iterdir()) - files.keys():
            file.unlink()
