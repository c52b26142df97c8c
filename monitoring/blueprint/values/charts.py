"""The pinned charts and images: `helm-values/versions.yaml`, read once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from monitoring.errors import InvalidInput, Problem
from monitoring.fleet.yaml_file import dotted, read_yaml

ROOT = Path(__file__).parents[3]
HELM_VALUES = ROOT / "helm-values"
VERSIONS = "helm-values/versions.yaml"


Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]


class _Pinned(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Chart(_Pinned):
    """A chart at one version.

    `address` is an OCI registry's folder, or a folder of this repository; `digest` is the sha256 of the
    package (64 hexadecimal digits), None while nobody has recorded it.
    """

    name: str
    address: str = Field(pattern=r"^(oci://|charts/)")
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    digest: Digest | None

    @property
    def folder(self) -> Path | None:
        """Where the chart lies in this repository; None where it comes from a registry."""
        return None if self.address.startswith("oci://") else ROOT / self.address

    @property
    def package(self) -> str | None:
        """Where its checked package lies beside a stack's JSON; None while no digest is recorded."""
        return self.digest and f"charts/{self.digest.replace(':', '-')}/{self.name}-{self.version}.tgz"


class Image(_Pinned):
    """A container image at one version."""

    registry: str
    repository: str
    tag: str = Field(pattern=r"^v?\d+\.\d+(\.\d+)?(-[a-z]+)?$")

    @property
    def name(self) -> str:
        """The whole of it, as `Versions.digests` has it."""
        return f"{self.registry}/{self.repository}:{self.tag}"


class KubernetesRange(_Pinned):
    """The supported minor versions of Kubernetes, such as 1.36, both ends included."""

    oldest: str = Field(pattern=r"^1\.\d+$")
    newest: str = Field(pattern=r"^1\.\d+$")

    @model_validator(mode="after")
    def _ordered(self) -> KubernetesRange:
        if not self.minors:
            raise ValueError("oldest must not be above newest")
        return self

    @property
    def minors(self) -> tuple[str, ...]:
        """Every supported minor version, the oldest first."""
        first, last = (int(end.removeprefix("1.")) for end in (self.oldest, self.newest))
        return tuple(f"1.{minor}" for minor in range(first, last + 1))

    @property
    def ends(self) -> tuple[str, ...]:
        """The oldest and the newest; one where they are the same."""
        return tuple(dict.fromkeys((self.oldest, self.newest)))


class Versions(_Pinned):
    """Everything that is pinned. `digests` are of every image that is rendered, `registry/repository:tag`."""

    kubernetes: KubernetesRange
    charts: Mapping[str, Chart]
    images: Mapping[str, Image]
    digests: Mapping[str, Digest | None]

    def reference(self, image: str) -> str:
        """What a container names to run the image of a row: by digest, where it is recorded."""
        name = self.images[image].name
        digest = self.digests.get(name)
        return f"{name}@{digest}" if digest else name


def parse_versions(file: Path, *, name: str) -> Versions:
    """Read a versions file; `InvalidInput` tells what is wrong with file and line."""
    source = read_yaml(file, name=name)
    charts = source.data.get("charts")
    named = {key: {"name": key, **row} for key, row in charts.items()} if isinstance(charts, Mapping) else charts
    try:
        return Versions.model_validate({**source.data, "charts": named})
    except ValidationError as invalid:
        raise InvalidInput(
            Problem(
                file=name,
                line=source.line(error["loc"]),
                path=dotted(error["loc"]),
                message=f"{error['msg']}, got {error['input']!r}",
            )
            for error in invalid.errors()
        ) from invalid


@cache
def versions() -> Versions:
    """The repository's own versions."""
    return parse_versions(ROOT / VERSIONS, name=VERSIONS)
