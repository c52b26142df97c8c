"""Reads `regions/`: `_common.yaml` under each region's file, all problems of all files at once."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from monitoring.errors import InvalidInput, Problem, shown
from monitoring.fleet import azure_calls, trust
from monitoring.fleet.checks import fleet_faults, read_beside, region_faults
from monitoring.fleet.model import Peer, Region
from monitoring.fleet.yaml_file import ValuePath, YamlFile, dotted, leaves, merged, read_yaml

COMMON = "_common.yaml"
SCHEMA = "schema.json"
EXAMPLES = "examples"
"""A folder of files that are regions once they are copied beside the others (docs/regions.md)."""

STAGING = "staging"
"""The environment that is deployed first."""

MOST_TOLD = 100
"""Problems of one file's fields: nobody reads more, and each looks for a name that is near."""

ZERO_UUID = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, kw_only=True)
class RegionFile:
    """A region with the two files it was read from.

    `moved` are fields whose value comes from elsewhere in the files: by their path, the path that gave it.
    """

    region: Region
    own: YamlFile
    common: YamlFile
    moved: Mapping[ValuePath, ValuePath] = field(default_factory=dict)

    def problem(self, path: ValuePath, message: str, *, beside: Iterable[ValuePath] | None = None) -> Problem:
        """A problem at the line that gave the value.

        `beside` are the values that the check reads too. Where `_common.yaml` gave the value, those that the region's
        own file gives are named, of several the ones that the message is about: they are the cause.
        """
        found = _problem(self.moved.get(path, path), message, own=self.own, common=self.common)
        if found.file != self.common.name:
            return found
        read = read_beside(path) if beside is None else beside
        given = [one for one in read if one in self.own.lines]
        named = [one for one in given if str(one[-1]) in message] or given
        causes = [f"{dotted(one)} in {self.own.name}:{self.own.lines[one]}" for one in named]
        return replace(found, message=f"{message}; because of {', '.join(causes)}") if causes else found

    def with_fields(self, fields: Mapping[ValuePath, Any], *, moved: Mapping[ValuePath, ValuePath]) -> RegionFile:
        """The region with other values of some fields, checked alone; `InvalidInput` tells what is wrong."""
        data: dict[str, Any] = merged(self.common.data, self.own.data)
        for path, value in fields.items():
            nested = value
            for key in reversed(path):
                nested = {key: nested}
            data = merged(data, nested)
        changed = _region_file(self.own, self.common, data=data, moved=moved)
        if problems := [changed._broken(place, message) for place, message in region_faults(changed.region)]:
            raise InvalidInput(problems)
        return changed

    def _broken(self, place: ValuePath, message: str) -> Problem:
        """A fault that came with the moved fields, told at the one that has most of its path."""
        if place in self.moved:
            return self.problem(place, message)
        cause = max(self.moved, key=lambda field: [one == other for one, other in zip(field, place, strict=False)])
        return self.problem(cause, f"breaks {dotted(place)}, which {message}")

    def unfilled(self) -> Iterator[Problem]:
        """What a synthesis warns of and a deploy refuses: ids that are all zeros, no root of trust."""
        for path, value in leaves(merged(self.common.data, self.own.data)):
            if isinstance(value, str) and ZERO_UUID in value:
                yield self.problem(path, "must be filled in before a deploy, got zeros")
        for path, message in trust.missing(self.region.trust):
            yield self.problem(path, message)


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """Every region, checked; sorted by name. `unread` are the files beside them that were left alone."""

    files: tuple[RegionFile, ...] = field(repr=False)
    unread: tuple[Problem, ...] = ()

    @cached_property
    def regions(self) -> tuple[Region, ...]:
        """The regions, sorted by name."""
        return tuple(file.region for file in self.files)

    def file(self, name: str) -> RegionFile:
        """The region of that name with its files; `InvalidInput` names those that exist."""
        for file in self.files:
            if file.region.name == name:
                return file
        known = ", ".join(region.name for region in self.regions)
        raise InvalidInput([Problem(file="regions", message=f"region must be one of {known}, got {name}")])

    def region(self, name: str) -> Region:
        """The region of that name; `InvalidInput` names those that exist."""
        return self.file(name).region

    def peers_of(self, region: Region) -> tuple[Peer, ...]:
        """The other regions of its environment, as this one may see them: no global view mixes environments."""
        return tuple(
            other.peer()
            for other in self.regions
            if other.name != region.name and other.environment == region.environment
        )

    def in_deploy_order(self) -> tuple[Region, ...]:
        """Staging, then canaries, then the others; by name among themselves."""
        return tuple(
            sorted(self.regions, key=lambda region: (region.environment != STAGING, not region.canary, region.name))
        )

    def warnings(self, now: datetime) -> tuple[Problem, ...]:
        """What must be seen to before a deploy: ids that are all zeros, roots that end; once per file and path."""
        found = {(problem.file, problem.path): problem for problem in self.unread}
        for file in self.files:
            told = (*trust.warnings(file.region.trust, now), *azure_calls.warnings(file.region))
            for problem in (*file.unfilled(), *(file.problem(path, message) for path, message in told)):
                found[problem.file, problem.path] = problem
        return tuple(found.values())


def load_fleet(folder: Path) -> Fleet:
    """Read and check every region of `folder`; `InvalidInput` tells everything that is wrong."""
    names = _names(folder)
    # an editor's own files begin with a dot; so may a region that somebody has put aside
    unread = [_of_folder(folder, name, "is not read: its name begins with a dot") for name in names if name[0] == "."]
    names = [name for name in names if name[0] != "." and name not in {COMMON, SCHEMA, EXAMPLES}]
    paths = [folder / name for name in names if name.endswith(".yaml")]
    message = f"must be named <region>.yaml, or be elsewhere: beside them are {COMMON}, {SCHEMA} and {EXAMPLES}/ alone"
    problems = [_of_folder(folder, name, message) for name in names if not name.endswith(".yaml")]
    if not paths and folder.exists():
        problems.append(Problem(file=folder.name, message="must hold a file per region, got none"))
    common, sources, files = None, [], []
    with _collected(problems):
        common = _read(folder / COMMON)
    for path in paths:
        with _collected(problems):
            sources.append(_read(path))
    if common is None:
        raise InvalidInput(problems)
    for own in sources:
        with _collected(problems):
            files.append(_region_file(own, common))
    problems += _faults(files)
    if len(files) == len(paths) and files and not any(file.region.global_view for file in files):
        message = "must hold a region with global_view: true, got none"
        problems.append(Problem(file=folder.name, message=message))
    if problems:
        raise InvalidInput(problems)
    return Fleet(files=tuple(files), unread=tuple(unread))


def _names(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir())
    except FileNotFoundError:
        return []  # told of _common.yaml
    except OSError as fault:
        message = f"must be a folder that can be read, got: {fault.strerror}"
        raise InvalidInput([Problem(file=folder.name, message=message)]) from fault


def _of_folder(folder: Path, name: str, message: str) -> Problem:
    return Problem(file=f"{folder.name}/{name}", message=message)


@contextmanager
def _collected(problems: list[Problem]) -> Iterator[None]:
    """Go on after bad input, with what is wrong added to `problems`."""
    try:
        yield
    except InvalidInput as invalid:
        problems += invalid.problems


def _faults(files: list[RegionFile]) -> list[Problem]:
    by_name = {file.region.name: file for file in files}
    return [file.problem(place, message) for file in files for place, message in region_faults(file.region)] + [
        by_name[region.name].problem(place, message)
        for region, place, message in fleet_faults(file.region for file in files)
    ]


def _read(path: Path) -> YamlFile:
    return read_yaml(path, name=f"{path.parent.name}/{path.name}")


def _region_file(
    own: YamlFile,
    common: YamlFile,
    *,
    data: Mapping[str, Any] | None = None,
    moved: Mapping[ValuePath, ValuePath] | None = None,
) -> RegionFile:
    moved = moved or {}
    if "name" in own.data or "name" in common.data:
        raise InvalidInput(
            [_problem(("name",), "must not be here: the file's name is the region's", own=own, common=common)]
        )
    try:
        region = Region.model_validate({**(data or merged(common.data, own.data)), "name": Path(own.name).stem})
    except ValidationError as invalid:
        raise InvalidInput(
            _problem(
                # the key itself is what is wrong in a mapping, not a part of the value
                moved.get(path := tuple(part for part in error["loc"] if part != "[key]"), path),
                _sentence(error),
                own=own,
                common=common,
            )
            for error in invalid.errors()[:MOST_TOLD]
        ) from invalid
    return RegionFile(region=region, own=own, common=common, moved=moved)


def _problem(path: ValuePath, message: str, *, own: YamlFile, common: YamlFile) -> Problem:
    given_by_common = path not in own.lines and path in common.lines
    source = common if given_by_common else own
    return Problem(file=source.name, line=source.line(path), path=dotted(path), message=message)


def _sentence(error: ErrorDetails) -> str:
    """What pydantic found, said as `must be …, got …`."""
    sentences: dict[str, Callable[[], str]]
    kind, given, context = error["type"], error["input"], error.get("ctx", {})
    sentences = {
        "extra_forbidden": lambda: f"must not be here: unknown key{_near(error['loc'])}",
        "missing": lambda: "must be given here or in _common.yaml, got nothing",
        "literal_error": lambda: f"must be {context['expected']}, got {shown(given)}",
        "string_pattern_mismatch": lambda: f"must match {context['pattern']}, got {shown(given)}",
        "string_too_long": lambda: (
            f"must be at most {context['max_length']} characters, got {len(given)} in {shown(given)}"
        ),
        "string_too_short": lambda: f"must be at least {context['min_length']} characters, got {shown(given)}",
        "greater_than_equal": lambda: f"must be at least {context['ge']}, got {given}",
        "less_than_equal": lambda: f"must be at most {context['le']}, got {given}",
        "too_short": lambda: f"must hold at least {context['min_length']}, got {context['actual_length']}",
        "too_long": lambda: f"must hold at most {context['max_length']}, got {context['actual_length'] or 'more'}",
        "value_error": lambda: str(context["error"]),
        "string_type": lambda: f"must be a string, got {shown(given)}",
        "int_type": lambda: f"must be a whole number, got {shown(given)}",
        "float_type": lambda: f"must be a number, got {shown(given)}",
        "bool_type": lambda: f"must be true or false, got {shown(given)}",
        "tuple_type": lambda: f"must be a list, got {shown(given)}",
        "dict_type": lambda: f"must be a mapping, got {shown(given)}",
        "model_type": lambda: f"must be a mapping, got {shown(given)}",
    }
    return sentences[kind]() if kind in sentences else f"{error['msg']}, got {shown(given)}"


def _near(location: tuple[str | int, ...]) -> str:
    """`, did you mean …?` from the fields of the model that the key was found in."""
    model: type[BaseModel] = Region
    for part in location[:-1]:
        if str(part) not in model.model_fields:  # a key of the file's own, or an index
            continue
        annotation = model.model_fields[str(part)].annotation
        options = [kind for kind in (annotation, *get_args(annotation)) if isinstance(kind, type)]
        model = next((kind for kind in options if issubclass(kind, BaseModel)), model)
    near = difflib.get_close_matches(str(location[-1]), model.model_fields, n=1, cutoff=0.5)
    return f", did you mean {near[0]}?" if near else ""
