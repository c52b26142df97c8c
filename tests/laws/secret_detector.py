"""Finds what may open something: keys and tokens by their shapes, by their randomness, by what they are called.

Shapes and the measure of randomness are detect-secrets'. What looks random and is no secret is taken out by its own
shape first, each with its reason: an allow-list of places would let a secret in at a place that is on it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import yaml
from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.plugins.base import BasePlugin
from detect_secrets.plugins.high_entropy_strings import Base64HighEntropyString, HexHighEntropyString

from monitoring.blueprint.objects import key_vault
from tests.laws.stack_laws import strings

NO_SECRETS = {
    r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s\\n]+-----END CERTIFICATE-----": "a certificate is public",
    r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b": "ids of Azure, Entra and cdktf",
    r"\bStandard_[A-Z]+[0-9]+[a-z0-9]*(_v[0-9]+)?\b": "a size of virtual machines",
    r"/api/v[12]/[a-z_]+": "a path of an API",
    r"\b(NetworkPolicy|Service)V1[A-Za-z]+": "a class of Terraform's Kubernetes provider",
    r"\bsha256:[0-9a-f]{64}\b": "the digest of a chart or an image",
    r"\"x-extra\": \"[0-9a-f]{64}\"": "what a chart's schema was made of",
    r"(?<=@)[0-9a-f]{40}(?= # v)": "the commit of an action",
    r"\bassets/[\w-]+/[0-9A-F]{32}\b": "cdktf's hash of a folder",
    r"_[0-9A-F]{8}\b": "cdktf's hash of a construct's path",
    r"(?m)^\s*oversight\.com/[a-z-]+: \"?[0-9a-f]{16}\"?$": "an annotation that restarts pods: a checksum",
}
"""Shapes of what is no secret, as regular expressions, with the reason."""

LIMIT = 4.5
"""Bits per character above which text of 64 characters' alphabet is random: the library's own default."""

HEX_LIMIT = 3.0
"""The same for hexadecimal text."""

CHANGES = 0.39
"""Share of characters that begin another kind (lower case, upper case, digit, other), in a text with all three of the
first. A key of 32 random bytes has 0.6, and in one of 2000 less than this; a name in camel case hardly reaches it."""

CALLED = re.compile(
    r"(?i)(passw|pwd|secret|token|credential|connection[_-]?string|(api|access|account|private|shared|routing)[_-]?key)"
)
"""Keys under which only a name may stand."""

PERMISSIONS = ("read", "write", "none")
"""What a workflow may do: GitHub calls one of them `id-token`."""

WITHOUT = ("Base64HighEntropyString", "HexHighEntropyString", "IPPublicDetector", "KeywordDetector")
"""Plugins that are used otherwise here, or that look for something else."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was found where. The text itself is not repeated."""

    where: str
    kind: str


@cache
def _shapes() -> tuple[BasePlugin, ...]:
    classes: Mapping[str, type[BasePlugin]] = get_mapping_from_secret_type_to_class()
    return tuple(plugin() for plugin in classes.values() if plugin.__name__ not in WITHOUT)


def in_text(text: str, where: str) -> Iterator[Finding]:
    """Keys, tokens and passwords in URLs by their shape; random text of 16 characters or more."""
    for shape in NO_SECRETS:
        text = re.sub(shape, " ", text)
    for number, line in enumerate(text.splitlines(), start=1):
        for kind in _in_line(line.strip()):
            yield Finding(where=f"{where}:{number}", kind=kind)


@cache
def _in_line(line: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_kinds(line)))


def _kinds(line: str) -> Iterator[str]:
    for plugin in _shapes():
        if any(plugin.analyze_string(line)):
            yield plugin.secret_type
    if any(map(_random, re.findall(r"[A-Za-z0-9+/_-]{16,}", line))):
        yield "random text"
    if any(map(_random_hex, re.findall(r"\b[0-9A-Fa-f]{16,}\b", line))):
        yield "random hexadecimal text"


def _random(text: str) -> bool:
    return Base64HighEntropyString().calculate_shannon_entropy(text) >= LIMIT or _changes(text) >= CHANGES


def _changes(text: str) -> float:
    if not any(one.isdigit() for one in text) or text.lower() == text or text.upper() == text:
        return 0
    kinds = [(one.isdigit(), one.isupper(), one.islower()) for one in text]
    return sum(one != other for one, other in pairwise(kinds)) / len(text)


def _random_hex(text: str) -> bool:
    mixed = not text.isdigit() and not text.isalpha()
    return mixed and HexHighEntropyString().calculate_shannon_entropy(text) >= HEX_LIMIT


def in_value(value: object, where: str, *, names: Collection[str]) -> Iterator[Finding]:
    """The same in every key and text below `value`, and by what the keys are called."""
    for place, text in strings(value, where):
        yield from in_text(text, place)
    yield from by_name(value, where, names=names)


def by_name(value: object, where: str, *, names: Collection[str]) -> Iterator[Finding]:
    """Values under keys that are called like a secret, also in YAML or JSON inside a text (Helm values, ConfigMaps).

    There only one of `names` may stand: names of Secrets and of what is in Key Vault.
    """
    if isinstance(value, Mapping):
        for key, below in value.items():
            if CALLED.search(str(key)) and isinstance(below, str | int) and not _harmless(below, names):
                yield Finding(where=f"{where}.{key}", kind="a value where a name belongs")
            yield from by_name(below, f"{where}.{key}", names=names)
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from by_name(below, f"{where}[{index}]", names=names)
    elif isinstance(value, str) and "\n" in value:
        for document in _documents(value):
            yield from by_name(document, where, names=names)


def _harmless(value: str | int, names: Collection[str]) -> bool:
    if isinstance(value, bool):
        return True
    file = str(value).removeprefix(f"{key_vault.FOLDER}/")
    return file in {"true", "false", "", *PERMISSIONS, *names} or file.startswith("${")


def _documents(text: str) -> list[Any]:
    """What a text holds as YAML; nothing where it is none."""
    try:
        return [one for one in yaml.load_all(text, Loader=yaml.CBaseLoader) if not isinstance(one, str)]
    except yaml.YAMLError:
        return []
