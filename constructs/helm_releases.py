"""Helm releases as Terraform resources; no other module creates one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from cdktf import AssetType, ITerraformDependable, TerraformAsset
from cdktf_cdktf_provider_helm.release import Release as HelmRelease
from cdktf_cdktf_provider_helm.release import ReleaseSet

from constructs import Construct
from monitoring.blueprint.releases.release import Release

HISTORY = 10
"""Revisions to roll back to; each is a Secret of up to 1 MiB."""


TOKEN = re.compile(r"TfToken\[|-\d+(\.\d+)?e\+\d{3}")
"""What a token of cdktf looks like in YAML: strings and lists by name, numbers as an absurdly negative one.

`Token.is_unresolved` of the text knows strings alone, and of the mapping nothing that is nested.
"""


def refuse_tokens(release: Release) -> None:
    """ValueError for a Terraform token in values: Terraform does not look into their file, and Helm would get it."""
    if TOKEN.search(repr(release.values)):
        line = TOKEN.split(release.text, maxsplit=1)[0].count("\n") + 1
        raise ValueError(
            f"values of release {release.name} must be plain data, got a Terraform token in line {line}: "
            "name its path in known_after_apply"
        )


class HelmReleases(Construct):
    """Every release of a region: pinned, in order, with values that are plain data, in a file each.

    A file, because Terraform would parse a string of 370 kB as a template, for 15 s; `main.py` writes them beside
    the JSON (`monitoring.synthesis.release_values`).

    Nothing is rolled back in the middle of a stateful release (`atomic` is the release's own choice), and the
    timeouts are its own too. `client_ids` fills in what is known only after apply. `depends_on` is what the first
    ones wait for; what comes after a release waits for that one alone.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        releases: Sequence[Release],
        client_ids: Mapping[str, str],
        depends_on: Sequence[ITerraformDependable],
    ) -> None:
        super().__init__(scope, name)
        made: dict[str, HelmRelease] = {}
        for release in releases:
            refuse_tokens(release)
            local = self._copied(release.chart.folder) if release.chart.folder else release.chart.package
            made[release.name] = HelmRelease(
                self,
                release.name,
                name=release.name,
                namespace=release.namespace,
                create_namespace=False,
                repository=None if local else release.chart.address,
                chart=local or release.chart.name,
                version=release.chart.version,
                values=[f'${{file("${{path.module}}/{release.values_file}")}}'],
                set=[
                    ReleaseSet(name=path, value=client_ids[component])
                    for path, component in release.known_after_apply.items()
                ]
                or None,
                timeout=release.timeout,
                atomic=release.atomic,
                cleanup_on_fail=release.atomic,
                wait=True,
                max_history=HISTORY,
                depends_on=[made[other] for other in release.after] or depends_on,
            )

    def _copied(self, chart: Path) -> str:
        """A chart of this repository, copied beside the stack's JSON: a path from where Terraform runs.

        The path holds a hash of the files, so that a changed template is an upgrade although the version stays.
        """
        return TerraformAsset(self, f"chart-{chart.name}", path=str(chart), type=AssetType.DIRECTORY).path
