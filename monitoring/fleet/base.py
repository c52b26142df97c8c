"""The base class and field types of a region's model."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints


def pattern(allowed: str, *, longest: int, shortest: int = 1) -> StringConstraints:
    """Text that matches a regular expression, of so many characters."""
    return StringConstraints(pattern=allowed, min_length=shortest, max_length=longest)


KubernetesName = Annotated[str, pattern(r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", longest=63)]
HostName = Annotated[str, pattern(r"^[a-z0-9-]+(\.[a-z0-9-]+)+$", longest=253)]
ResourceGroupName = Annotated[str, pattern(r"^[A-Za-z0-9._()-]*[A-Za-z0-9_()-]$", longest=90)]


class Model(BaseModel):
    """Strict (a string is not a number), closed (an unknown key is an error), immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
