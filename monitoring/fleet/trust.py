"""Roots of trust: the certificates of authorities that issue themselves, as PEM in the regions' files.

They are public. What they say is read by the standard library's OpenSSL, so that synthesis needs nothing more.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema

from monitoring.fleet.yaml_file import ValuePath

PEM = re.compile(
    r"-----BEGIN CERTIFICATE-----\n(?:[A-Za-z0-9+/]{1,76}\n)*[A-Za-z0-9+/]{1,76}={0,2}\n-----END CERTIFICATE-----\n?"
)
NOTICE = timedelta(days=180)
"""How long before its end a root is told: another must reach every region first, then every leaf must be anew."""


@dataclass(frozen=True)
class Root:
    """One root: its PEM, ending in a newline, the subject's name, and when it ends."""

    pem: str
    name: str
    ends: datetime

    @classmethod
    def parse(cls, text: object) -> Self:
        """The root that `text` holds; `ValueError` says what is wrong, and never repeats the text."""
        if isinstance(text, cls):
            return text
        if not isinstance(text, str):
            raise ValueError("must be the text of a PEM certificate")  # noqa: TRY004  (pydantic's protocol)
        if "PRIVATE KEY" in text:
            raise ValueError("must be a certificate, got a private key: take it for known to others, and make another")
        if not PEM.fullmatch(text):
            raise ValueError("must be one PEM certificate, from its BEGIN line to its END line, got something else")
        said = _read(text)
        subject, issuer = _name(said["subject"]), _name(said["issuer"])
        if said["subject"] != said["issuer"]:
            raise ValueError(f"must be a root, which issues itself, got {subject}, issued by {issuer}")
        ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(said["notAfter"]), tz=UTC)
        return cls(pem=text if text.endswith("\n") else f"{text}\n", name=subject, ends=ends)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(cls.parse)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "pattern": "^-----BEGIN CERTIFICATE-----\n", "description": "a root, as PEM"}


def _listed(value: object) -> object:
    """Refuse what is no list without repeating it: it may be a key."""
    if not isinstance(value, list | tuple):
        raise ValueError("must be a list of PEM certificates")  # noqa: TRY004  (pydantic's protocol)
    return value


Trust = Annotated[tuple[Root, ...], Field(strict=False, max_length=16), BeforeValidator(_listed)]


@cache
def _read(pem: str) -> Mapping[str, Any]:
    found = _authorities(pem)
    if not found:
        raise ValueError("must be the certificate of an authority (CA: true), got a leaf's")
    return found[0]


def authorities(chain: str) -> list[tuple[str, datetime]]:
    """Name and end of each authority in a chain of PEM certificates; ValueError for what OpenSSL cannot read."""
    return [
        (_name(said["subject"]), datetime.fromtimestamp(ssl.cert_time_to_seconds(said["notAfter"]), tz=UTC))
        for said in _authorities(chain)
    ]


def _authorities(pem: str) -> Sequence[Mapping[str, Any]]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=pem)
    except ssl.SSLError as fault:
        raise ValueError("must be a certificate, got what OpenSSL cannot read") from fault
    return context.get_ca_certs()  # leaves out what is not allowed to issue


def _name(parts: Sequence[Sequence[tuple[str, str]]]) -> str:
    """The common name, or all that there is."""
    pairs = [pair for part in parts for pair in part]
    return next((value for key, value in pairs if key == "commonName"), ", ".join(value for _, value in pairs))


def repeated(trust: Sequence[Root]) -> Iterator[tuple[ValuePath, str]]:
    """Roots that stand in the list twice."""
    for index, root in enumerate(trust):
        if root in trust[:index]:
            yield ("trust", index), f"must be given once, got {root.name} twice"


def missing(trust: Sequence[Root]) -> Iterator[tuple[ValuePath, str]]:
    """No root yet."""
    if not trust:
        yield ("trust",), "must hold a root before a deploy, got none: what needs the bundle does not start"


def warnings(trust: Sequence[Root], now: datetime) -> Iterator[tuple[ValuePath, str]]:
    """What is no fault of the file, but must be seen to: a root that has ended or soon will."""
    for index, root in enumerate(trust):
        if root.ends <= now:
            yield ("trust", index), f"must be taken out, got {root.name}, which ended on {root.ends:%Y-%m-%d}"
        elif root.ends - now < NOTICE:
            message = f"must be followed by another (docs/certificates.md), got {root.name}, which ends on"
            yield ("trust", index), f"{message} {root.ends:%Y-%m-%d}"
