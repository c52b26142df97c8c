"""Scrape jobs of our own: native files of Prometheus, checked, completed for a region and handed to the stack.

`helm-values/scrape/*.yaml` have the form of Prometheus' `scrape_config_files`. What the region's file says and the
limits are added here, so that each stands once. What promtool does not ask is asked here: no secret in a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from monitoring.blueprint.components.workloads import KUBE_PROMETHEUS_STACK
from monitoring.blueprint.dashboards.delivery import literal
from monitoring.blueprint.scraping import limits
from monitoring.blueprint.values.charts import ROOT
from monitoring.errors import InvalidInput, Problem
from monitoring.fleet.model import Region
from monitoring.fleet.yaml_file import ValuePath, YamlFile, dotted, read_yaml

FOLDER = "helm-values/scrape"
JOBS = "scrape_configs"
AZURE = "azure_sd_configs"

SECRET_KEYS = frozenset(
    {
        "application_credential_secret",
        "application_secret",
        "auth_token",
        "bearer_token",
        "client_certificate_key",
        "client_secret",
        "consumer_key",
        "credentials",
        "key",
        "key_passphrase",
        "password",
        "private_key",
        "secret_key",
        "secrets",
        "service_account_key",
        "token",
    }
)
"""Keys whose value is a secret: every field of the type Secret in Prometheus' configuration (3.14).

Most have a sister that ends in `_file`, which names a file and may be given.
"""

_OVERRIDE = (KUBE_PROMETHEUS_STACK, "prometheus", "prometheusSpec", "additionalScrapeConfigs")
_WITH_PASSWORD = re.compile(r"://[^/@\s]*:[^/@\s]+@")
_COMPUTED = frozenset(limits.of_job())


@dataclass(frozen=True, kw_only=True)
class ScrapeFiles:
    """The files of a folder, sorted by name, and everything that is wrong with them."""

    files: tuple[YamlFile, ...]
    problems: tuple[Problem, ...]

    def jobs(self, region: Region) -> list[dict[str, Any]]:
        """Every job, complete for the region."""
        return [_completed(job, region) for file in self.files for job in file.data[JOBS]]

    def delivered(self, region: Region) -> list[dict[str, Any]]:
        """For the chart's `additionalScrapeConfigs`, which passes through Helm's `tpl`."""
        return [{key: _literal(value) for key, value in job.items()} for job in self.jobs(region)]


@cache
def scrape_files() -> ScrapeFiles:
    """The repository's own."""
    return read_scrape_files(ROOT / FOLDER)


def read_scrape_files(folder: Path) -> ScrapeFiles:
    """Read and check every file of `folder`."""
    files: list[YamlFile] = []
    problems: list[Problem] = []
    for path in sorted(folder.glob("[!.]*")):
        try:
            file = read_yaml(path, name=f"{FOLDER}/{path.name}")
        except InvalidInput as invalid:
            problems += invalid.problems
            continue
        wrong = [_problem(file, here, message) for here, message in _faults(file.data)]
        problems += wrong
        if not wrong:
            files.append(file)
    return ScrapeFiles(files=tuple(files), problems=(*problems, *_repeated(files)))


def inline_secrets(value: object, path: ValuePath = ()) -> Iterator[tuple[ValuePath, str]]:
    """Where a scrape configuration holds a secret: the path, and what must be."""
    if isinstance(value, Mapping):
        for key, below in value.items():
            here = (*path, str(key))
            if key in SECRET_KEYS and not isinstance(below, Mapping):
                yield here, f"must be a file from Key Vault ({key}_file, docs/discovery.md), got a secret in the file"
            else:
                yield from inline_secrets(below, here)
    elif isinstance(value, list | tuple):
        for index, below in enumerate(value):
            yield from inline_secrets(below, (*path, index))
    elif isinstance(value, str) and _WITH_PASSWORD.search(value):
        yield path, "must be an address without a password, got one with it"


def override_faults(helm_values: Mapping[str, Any]) -> Iterator[tuple[ValuePath, str]]:
    """Secrets in the jobs that a region's own `helm_values` bring, with their path in the region's file."""
    below: Any = helm_values
    for key in _OVERRIDE:
        below = below.get(key) if isinstance(below, Mapping) else None
    yield from inline_secrets(below, ("helm_values", *_OVERRIDE))


def _faults(data: Mapping[str, Any]) -> Iterator[tuple[ValuePath, str]]:
    jobs = data.get(JOBS)
    for key in data:
        if key != JOBS:
            yield (key,), f"must not be here: the file holds {JOBS} alone"
    if not isinstance(jobs, list) or not jobs:
        yield (JOBS,), "must be a list of jobs"
        return
    for number, job in enumerate(jobs):
        here: ValuePath = (JOBS, number)
        if not isinstance(job, Mapping) or not isinstance(job.get("job_name"), str):
            yield here, "must be a job with a job_name"
            continue
        for key in _COMPUTED & job.keys():
            yield (*here, key), "must not be here: monitoring/blueprint/scraping/limits.py sets it for all"
        yield from inline_secrets(job, here)


def _repeated(files: list[YamlFile]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for file in files:
        for number, job in enumerate(file.data[JOBS]):
            here: ValuePath = (JOBS, number, "job_name")
            place = f"{file.name}:{file.line(here)}"
            if (first := seen.setdefault(job["job_name"], place)) != place:
                yield _problem(file, here, f"must be there once, got {job['job_name']} at {first} too")


def _problem(file: YamlFile, path: ValuePath, message: str) -> Problem:
    return Problem(file=file.name, line=file.line(path), path=dotted(path), message=message)


def _literal(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _literal(below) for key, below in value.items()}
    if isinstance(value, list):
        return [_literal(below) for below in value]
    return literal(value) if isinstance(value, str) else value


def _completed(job: Mapping[str, Any], region: Region) -> dict[str, Any]:
    made = {**job, **limits.of_job()}
    if AZURE in job:
        made[AZURE] = [{**found, **_azure(region)} for found in job[AZURE]]
        # the group's machines are the environment's, whatever their tags say
        environment = {"target_label": "environment", "replacement": region.environment}
        made["relabel_configs"] = [*job.get("relabel_configs", ()), environment]
    return made


def _azure(region: Region) -> dict[str, Any]:
    vms = region.azure_vms
    return {
        "subscription_id": region.subscription_id,
        "tenant_id": region.tenant_id,
        "resource_group": vms.resource_group,
        "port": vms.port,
        "refresh_interval": vms.refresh.prometheus,
    }
