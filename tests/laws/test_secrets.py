"""No secret is in a file or in the Terraform JSON: only names of what is in Key Vault."""

from __future__ import annotations

import base64
import copy
import json
import random
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from monitoring.blueprint.components import workloads as components
from monitoring.blueprint.values.charts import ROOT
from monitoring.fleet import load_fleet
from tests.laws.secret_detector import NO_SECRETS, Finding, by_name, in_text, in_value
from tests.laws.stack_laws import Stack

LOCKS = ("Pipfile.lock", "package-lock.json", "go.sum")
"""Digests of packages, one a line."""

PICTURES = (".png",)
"""No text."""

KEEPS_SECRETS = (
    "_password",
    "_secret",
    "azurerm_key_vault_certificate_data",
    "azurerm_storage_account_sas",
    "random_bytes",
    "random_password",
    "tls_private_key",
)
"""Ends of types whose values would stand in the state."""


def committed() -> list[Path]:
    """All text that is in the repository, but for tests (which plant secrets) and lock files."""
    line = ["git", "ls-files"]
    listed = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert listed
    return [ROOT / name for name in listed if not name.startswith("tests/") and not name.endswith(LOCKS + PICTURES)]


@pytest.fixture(scope="module")
def names() -> frozenset[str]:
    """Names of Secrets and of what is in Key Vault."""
    regions = load_fleet(ROOT / "regions").regions
    return frozenset(
        {
            *(name for region in regions for one in components.COMPONENTS for name in one.secrets(region)),
            *(one.certificate_secret for one in components.COMPONENTS if one.certificate),
            *(value for name, value in vars(components).items() if name.endswith(("_SECRET", "_SECRETS"))),
        }
    )


def in_file(file: Path, text: str, names: frozenset[str]) -> Iterator[Finding]:
    """As text, and, where it is data, by its keys. In `schemas/`, keys stand beside types, not values."""
    name = file.name
    yield from in_text(text, name)
    if file.suffix in {".yaml", ".yml"} and not {"templates", "schemas"} & set(file.parts):
        for document in yaml.load_all(text, Loader=yaml.CBaseLoader):
            yield from by_name(document, name, names=names)


def test_no_file_of_the_repository_holds_a_secret(names: frozenset[str]) -> None:
    files = [file for file in committed() if file.is_file() and not file.is_symlink()]
    assert [found for file in files for found in in_file(file, file.read_text(encoding="utf-8"), names)] == []


def test_no_stack_holds_a_secret(stacks: Mapping[str, Stack], names: frozenset[str]) -> None:
    assert [found for name, stack in stacks.items() for found in in_value(stack, name, names=names)] == []


def test_no_stack_reads_or_makes_a_secret_that_its_state_would_keep(stacks: Mapping[str, Stack]) -> None:
    kinds = {kind for stack in stacks.values() for part in ("resource", "data") for kind in stack.get(part, {})}
    assert kinds
    assert {kind for kind in kinds if kind.endswith(KEEPS_SECRETS)} == set()
    sensitive = [release for stack in stacks.values() for release in stack["resource"].get("helm_release", {}).values()]
    assert not any(key.startswith("set_") for release in sensitive for key in release)


def private_key() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def random_text(length: int) -> str:
    """Always the same, and as random as it must be: a digest of the length."""
    digest = ec.derive_private_key(length, ec.SECP256R1()).public_key().public_numbers().x.to_bytes(64)
    return base64.b64encode(digest[32:] * 2).decode()[:length]


SECRETS: Mapping[str, Callable[[], str]] = {
    "a cookie secret": lambda: random_text(44),
    "a routing key": lambda: "0d4f8a2c9b7e41f6a3d5c8e7b1f20946",
    "a storage key": lambda: f"AccountKey={random_text(86)}==",
    "a password in a URL": lambda: "https://admin:prom-operator@prometheus.example/",
    "a token of GitHub": lambda: f"ghp_{random_text(36).replace('+', 'x').replace('/', 'y')}",
    "a signed token": lambda: "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJvbmUiLCJhZG1pbiI6dHJ1ZX0.c2lnbmF0dXJlLW9mLXRva2Vu",
    "a webhook": lambda: "https://hooks.slack.com/services/T0ABCDEFG/B0HIJKLMN/aB3dE6gH9jK2mN5pQ8sT1vW4",
    "a private key": private_key,
}


def _into_values(stack: Stack, secret: str) -> None:
    release = next(iter(stack["resource"]["helm_release"].values()))
    values = yaml.load(release["values"][0], Loader=yaml.CSafeLoader)
    release["values"][0] = yaml.dump({**values, "extraEnv": [{"name": "X", "value": secret}]}, Dumper=yaml.CSafeDumper)


def _into_a_config_map(stack: Stack, secret: str) -> None:
    release = next(one for one in stack["resource"]["helm_release"].values() if one["name"] == components.OBJECTS)
    values = yaml.load(release["values"][0], Loader=yaml.CSafeLoader)
    scrape = yaml.safe_dump({"scrape_configs": [{"job_name": "x", "basic_auth": {"username": "x", "x": secret}}]})
    values["objects"].append({"kind": "ConfigMap", "data": {"prometheus.yml": scrape}})
    release["values"][0] = yaml.dump(values, Dumper=yaml.CSafeDumper)


def _into_an_attribute(stack: Stack, secret: str) -> None:
    next(iter(stack["resource"]["azurerm_storage_account"].values()))["min_tls_version"] = secret


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("plant", [_into_values, _into_a_config_map, _into_an_attribute])
def test_a_secret_is_found_in_a_stack(
    region_stack: Stack, names: frozenset[str], plant: Callable[[Stack, str], None], secret: str
) -> None:
    planted = copy.deepcopy(region_stack)
    plant(planted, SECRETS[secret]())
    assert list(in_value(planted, "", names=names)) != []


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "name", ["regions/prod-eastus.yaml", "helm-values/thanos.yaml", "docs/operations.md", "main.py"]
)
def test_a_secret_is_found_in_a_file(names: frozenset[str], name: str, secret: str) -> None:
    file = ROOT / name
    lines = "".join(f"# {line}\n" for line in SECRETS[secret]().splitlines())
    assert list(in_file(file, file.read_text(encoding="utf-8") + lines, names)) != []


@pytest.mark.parametrize(
    "value",
    [
        {"grafana": {"adminPassword": "prom-operator"}},
        {"env": {"api_key": "x"}},
        {"basic_auth": {"username": "admin", "password": "admin"}},
        {"connection-string": 12345},
        {"text": "remote_write:\n  - bearer_token: abc\n"},
    ],
    ids=str,
)
def test_short_secret_is_found_by_its_key_name(names: frozenset[str], value: dict[str, Any]) -> None:
    assert [one.kind for one in in_value(value, "", names=names)] == ["a value where a name belongs"]


def test_secret_name_is_not_reported_as_secret(names: frozenset[str]) -> None:
    assert {"oauth2-proxy-cookie-secret", "alertmanager-pagerduty-routing-key"} <= names
    for name in names:
        assert list(in_value({"secret": name, "secretName": name}, "", names=names)) == []


@pytest.mark.parametrize("shape", NO_SECRETS)
def test_each_exception_is_needed(shape: str, stacks: Mapping[str, Stack], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(NO_SECRETS, shape)
    texts = [json.dumps(stack) for stack in stacks.values()]
    texts += [file.read_text(encoding="utf-8") for file in committed() if file.is_file() and not file.is_symlink()]
    texts += [file.read_text(encoding="utf-8") for file in (ROOT / "tests" / "fleet" / "regions").iterdir()]
    assert any(True for text in texts for _ in in_text(text, ""))


@pytest.mark.parametrize(
    "encode", [base64.b64encode, base64.urlsafe_b64encode, bytes.hex], ids=lambda one: one.__name__
)
def test_every_key_of_32_random_bytes_is_found(encode: Callable[[bytes], bytes | str]) -> None:
    generator = random.Random(1)  # noqa: S311  (always the same)
    for _ in range(500):
        key = encode(generator.randbytes(32))
        text = key if isinstance(key, str) else key.decode()
        assert list(in_text(f"x: {text}", "")) != [], text


def test_a_finding_does_not_repeat_the_secret() -> None:
    secret = random_text(44)
    assert secret not in str(list(in_text(f"x: {secret}", "a")))
