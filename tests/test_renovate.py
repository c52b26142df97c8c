"""The update bot's patterns, applied to the real files: no version that is pinned is one that it does not know.

Renovate reads named groups as JavaScript writes them; `recursive` means that each pattern is looked for in what the one
before it found, and that the last of these places is what an update rewrites (lib/modules/manager/custom/regex).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
import yaml

from monitoring.blueprint.values.charts import ROOT

CONFIGURATION: dict[str, Any] = json.loads((ROOT / "renovate.json").read_text(encoding="utf-8"))
VERSIONS = "helm-values/versions.yaml"
WRITTEN = yaml.safe_load((ROOT / VERSIONS).read_text(encoding="utf-8"))
OWN = {"objects"}
"""Charts of this repository, whose version is ours."""

Groups = Mapping[str, str | None]


def _python(pattern: str) -> str:
    return pattern.replace("(?<", "(?P<")


def _found(text: str, patterns: Sequence[str], strategy: str) -> Iterator[tuple[str, Groups]]:
    """What is rewritten, and the groups, for each place that the patterns find."""
    if strategy == "any":
        yield from ((match[0], match.groupdict()) for one in patterns for match in re.finditer(_python(one), text))
        return
    for match in re.finditer(_python(patterns[0]), text):
        if len(patterns) == 1:
            yield match[0], match.groupdict()
        else:
            yield from (
                (part, {**match.groupdict(), **below}) for part, below in _found(match[0], patterns[1:], strategy)
            )


def _filled(template: str, groups: Groups) -> str:
    return re.sub(r"{{{(\w+)}}}", lambda match: str(groups[match[1]]), template)


def found(text: str, name: str, *, kind: str = "") -> list[dict[str, str | None]]:
    """Dependencies that the custom managers of a file find in a text, of one type or of all."""
    dependencies = []
    for manager in CONFIGURATION["customManagers"]:
        if not any(re.search(pattern.strip("/"), name) for pattern in manager["managerFilePatterns"]):
            continue
        if kind not in {"", manager.get("depTypeTemplate")}:
            continue
        for part, groups in _found(text, manager["matchStrings"], manager.get("matchStringsStrategy", "any")):
            named = _filled(manager.get("depNameTemplate", "{{{depName}}}"), groups)
            package = _filled(manager.get("packageNameTemplate", named), groups)
            value, digest = groups["currentValue"], groups.get("currentDigest")
            dependencies.append({"name": named, "package": package, "value": value, "digest": digest, "part": part})
    return dependencies


def _versions_found(kind: str, *, text: str = "") -> dict[str | None, tuple[str | None, str | None]]:
    text = text or (ROOT / VERSIONS).read_text(encoding="utf-8")
    return {one["name"]: (one["package"], one["value"]) for one in found(text, VERSIONS, kind=kind)}


def test_every_chart_of_a_registry_is_found() -> None:
    assert _versions_found("chart") == {
        name: (f"{row['address'].removeprefix('oci://')}/{name}", row["version"])
        for name, row in WRITTEN["charts"].items()
        if name not in OWN
    }


def test_every_image_that_we_choose_is_found() -> None:
    assert _versions_found("image") == {
        name: (f"{row['registry']}/{row['repository']}", row["tag"]) for name, row in WRITTEN["images"].items()
    }


def test_every_rendered_image_is_found_with_its_digest() -> None:
    text = (ROOT / VERSIONS).read_text(encoding="utf-8")
    rows = {f"{one['name']}:{one['value']}": one["digest"] for one in found(text, VERSIONS, kind="rendered")}
    assert rows == WRITTEN["digests"]
    recorded = text.replace("pause:3.10: null", f"pause:3.10: sha256:{'1' * 64}")
    digests = {one["name"]: one["digest"] for one in found(recorded, VERSIONS, kind="rendered")}
    assert digests["registry.k8s.io/pause"] == f"sha256:{'1' * 64}"


def test_both_ends_of_the_range_of_kubernetes_are_found() -> None:
    aks = "azure-kubernetes-service"
    assert _versions_found("newest") == {"newest Kubernetes": (aks, WRITTEN["kubernetes"]["newest"])}
    assert _versions_found("oldest") == {"oldest Kubernetes": (aks, WRITTEN["kubernetes"]["oldest"])}


def test_no_row_of_the_versions_is_without_a_manager() -> None:
    """A section that a person adds is found by none, and this test says so."""
    text = (ROOT / VERSIONS).read_text(encoding="utf-8")
    rows = sum(len(section) for section in WRITTEN.values())
    assert len(found(text, VERSIONS)) == rows - len(OWN)


@pytest.mark.parametrize(
    ("old", "new", "kind", "name"),
    [
        ("    version: 1.24.1\n    digest: null", "    digest: null\n    version: 1.24.1", "chart", "thanos"),
        ("    registry: quay.io\n    repository: thanos/thanos", "    repository: quay.io/thanos", "image", "thanos"),
        ("{oldest: ", "\n  {oldest: ", "oldest", "oldest Kubernetes"),
    ],
)
def test_a_row_in_another_form_is_missed(old: str, new: str, kind: str, name: str) -> None:
    text = (ROOT / VERSIONS).read_text(encoding="utf-8")
    assert old in text
    assert name in _versions_found(kind)
    assert name not in _versions_found(kind, text=text.replace(old, new, 1))


def test_a_bump_of_a_chart_takes_its_digest_away() -> None:
    text = (ROOT / VERSIONS).read_text(encoding="utf-8")
    recorded = text.replace("1.24.1\n    digest: null", f"1.24.1\n    digest: sha256:{'1' * 64}")
    (part,) = [one["part"] for one in found(recorded, VERSIONS, kind="chart") if one["name"] == "thanos"]
    (manager,) = [one for one in CONFIGURATION["customManagers"] if one.get("depTypeTemplate") == "chart"]
    bumped = recorded.replace(str(part), _filled(manager["autoReplaceStringTemplate"], {"newValue": "1.25.0"}))
    row = yaml.safe_load(bumped)["charts"]["thanos"]
    assert (row["version"], row["digest"]) == ("1.25.0", None)
    assert yaml.safe_load(bumped)["charts"] | {"thanos": 0} == WRITTEN["charts"] | {"thanos": 0}


def test_terraform_and_kubelogin_of_the_workflows_are_found() -> None:
    names = set()
    for workflow in (ROOT / ".github" / "workflows").glob("*.yml"):
        text = workflow.read_text(encoding="utf-8")
        dependencies = found(text, f".github/workflows/{workflow.name}")
        assert len(dependencies) == len(re.findall(r"(?m)^ *[a-z_-]+[-_]version: .*\d+\.\d+\.\d+", text)), workflow
        names |= {one["name"] for one in dependencies}
    assert names == {"hashicorp/terraform", "Azure/kubelogin"}


def test_pipenv_of_the_makefile_is_found() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    (pipenv,) = found(text, "Makefile")
    assert f"PIPENV_VERSION := {pipenv['value']}\n" in text


MANIFESTS = {
    "go.mod": "gomod",
    "package.json": "npm",
    "Pipfile": "pipenv",
    "pyproject.toml": "pep621",
    "requirements.txt": "pip_requirements",
    "requirements-oldest.txt": "pip_requirements",
    "requirements-comparison.txt": "pip_requirements",
}


def _committed(pattern: str) -> set[str]:
    """Files of that name, but for what is installed."""
    skipped = {".venv", ".cache", ".pipenv", "node_modules", ".git"}
    return {
        str(file.relative_to(ROOT)) for file in ROOT.rglob(pattern) if not skipped & set(file.relative_to(ROOT).parts)
    }


def test_every_file_that_names_packages_has_a_manager() -> None:
    managers = set(CONFIGURATION["enabledManagers"])
    for name, manager in MANIFESTS.items():
        assert manager in managers, name
        assert _committed(name), name
    assert {file.rpartition("/")[2] for file in _committed("requirements*.txt")} <= MANIFESTS.keys()
    for unknown in ("Dockerfile", "*.tf", "*.csproj", "Cargo.toml", "pom.xml", "Gemfile"):
        assert _committed(unknown) == set(), f"{unknown} needs a manager in renovate.json"


def test_no_folder_of_ours_is_ignored() -> None:
    """`config:recommended` leaves out folders named tests, in which requirements are pinned."""
    assert CONFIGURATION["ignorePaths"] == ["**/node_modules/**"]


def _rule(text: str) -> dict[str, Any]:
    (rule,) = [rule for rule in CONFIGURATION["packageRules"] if text in rule["description"]]
    return dict(rule)


def test_every_tool_of_a_go_module_is_kept_current() -> None:
    modules = set(_rule("tools of a go.mod")["matchPackageNames"])
    for file in _committed("go.mod"):
        text = (ROOT / file).read_text(encoding="utf-8")
        for program in re.findall(r"(?m)^(?:tool |\t)([a-z0-9.]+\.[a-z]+/\S+)$", text):
            assert any(program == module or program.startswith(f"{module}/") for module in modules), (file, program)


def test_a_program_is_kept_current_in_its_own_module_alone() -> None:
    """Thanos' module asks for a Prometheus of its own, Prometheus' for an Alertmanager."""
    off = {
        (file, package)
        for rule in CONFIGURATION["packageRules"]
        if rule.get("enabled") is False
        for file in rule.get("matchFileNames", ())
        for package in rule.get("matchPackageNames", ())
    }
    for file in _committed("go.mod"):
        text = (ROOT / file).read_text(encoding="utf-8")
        for module in _rule("tools of a go.mod")["matchPackageNames"]:
            own = re.search(rf"(?m)^(?:tool |\t){re.escape(module)}(/\S*)?$", text)
            asked = re.search(rf"(?m)^(?:require )?\s*{re.escape(module)} v", text)
            assert bool(asked and not own) == ((file, module) in off), (file, module)


def test_cdktf_its_command_line_and_all_bindings_are_one_group() -> None:
    names = _rule("cdktf, its command line")["matchPackageNames"]
    pipfile = (ROOT / "Pipfile").read_text(encoding="utf-8")
    for package in [*re.findall(r"(?m)^(cdktf[\w-]*) =", pipfile), "cdktf-cli"]:
        assert any(re.fullmatch(name.replace("*", ".*"), package) for name in names), package


def test_the_second_engine_is_left_at_its_versions() -> None:
    rule = _rule("the second engine")
    pipfile = (ROOT / "engines" / "cdktn" / "Pipfile").read_text(encoding="utf-8")
    packages = re.findall(r"(?m)^(cdktn[\w-]*) =", pipfile)
    assert len(packages) == 4
    for package in packages:
        assert any(re.fullmatch(name.replace("*", ".*"), package) for name in rule["matchPackageNames"]), package
    assert rule["enabled"] is False


def test_the_note_of_a_pull_request_names_commands_that_prove_it() -> None:
    notes = " ".join(CONFIGURATION["prBodyNotes"])
    locks = ("make lock", "make lock ENGINE=cdktn")
    for command in ("make record", "monitoring schema", "monitoring charts --record", *locks, "make check test"):
        assert command in notes
