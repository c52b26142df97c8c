"""A synthesized stack, read from its folder: the JSON, with each release's values as Helm is given them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from monitoring.blueprint.components.names import STACK_FILE

_FILE = re.compile(r'\$\{file\("\$\{path\.module\}/(?P<name>[^"$%]+)"\)\}')


def read_stack(folder: Path) -> dict[str, Any]:
    """The JSON of a stack's folder, `with_values`. OSError where it names a file that is not there."""
    stack = json.loads((folder / STACK_FILE).read_text(encoding="utf-8"))
    return with_values(stack, lambda name: (folder / name).read_text(encoding="utf-8"))


def with_values(stack: dict[str, Any], text_of: Callable[[str], str]) -> dict[str, Any]:
    """The stack, changed in place: every release's values are their text, by `text_of` where the JSON names a file.

    Trees before the files (the base of a review) have a literal there, in which Terraform reads `$${` as `${`.
    """
    for release in stack.get("resource", {}).get("helm_release", {}).values():
        release["values"] = [_text(value, text_of) for value in release.get("values", ())]
    return stack


def _text(value: str, text_of: Callable[[str], str]) -> str:
    if named := _FILE.fullmatch(value):
        return text_of(named["name"])
    return value.replace("$${", "${").replace("%%{", "%{")
