"""Blob storage of the local system: Azurite in Node, or a folder."""

from __future__ import annotations

from monitoring.bindings.fast import own_node

import base64
import hashlib
import os
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from monitoring.blueprint.objects.objstore import objstore
from monitoring.blueprint.values.charts import ROOT
from monitoring.clock import SYSTEM, Clock, ask_until_true
from monitoring.local.region import ADDRESSES, LOOPBACK, LocalRegion, Program
from monitoring.processes import PATIENCE

AZURITE = "azurite"
SOURCE = ROOT / "tools" / "azurite"


def install(source: Path = SOURCE) -> Path:
    """The folder of npm packages, by `npm ci` from the lock at the first call; RuntimeError with what npm says."""
    lock = (source / "package-lock.json").read_bytes()
    folder = ROOT / ".cache" / "tools" / f"{source.name}-{hashlib.sha256(lock).hexdigest()[:16]}"
    if not folder.is_dir():
        partial = folder.with_suffix(f".{os.getpid()}")
        shutil.copytree(source, partial)
        node = Path(own_node())
        npm = node.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        done = subprocess.run(  # noqa: S603  (no shell)
            [str(node), str(npm), "ci", "--ignore-scripts"], cwd=partial, capture_output=True, text=True, check=False
        )
        if done.returncode:
            shutil.rmtree(partial)
            raise RuntimeError(f"The packages of tools/{source.name} cannot be had: {done.stderr.strip()[-500:]}")
        partial.rename(folder)
    return folder


def command_line(installed: Path, *, port: int, location: Path) -> list[str]:
    """How Azurite is started; its accounts are in its environment."""
    line = [own_node(), str(installed / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js")]
    line += ["--blobHost", LOOPBACK, "--blobPort", str(port), "--location", str(location)]
    return [*line, "--silent", "--skipApiVersionCheck", "--disableTelemetry"]


def azurite(local_region: LocalRegion, installed: Path) -> tuple[Program, dict[str, Any]]:
    """Azurite with an account for this run, and the region's objstore.yml that leads there."""
    name = f"{local_region.region.name}/azurite"
    key = base64.b64encode(secrets.token_bytes(64)).decode()
    account, port = local_region.region.object_store.account, local_region.port("azurite", "blob")
    line = command_line(installed, port=port, location=local_region.mounts("azurite"))
    program = Program(
        name=name,
        component=AZURITE,
        region=local_region.region.name,
        line=line,
        port=port,
        ready=None,
        environment={**_without_node_options(), "AZURITE_ACCOUNTS": f"{account}:{key}"},
    )
    config: dict[str, Any] = yaml.safe_load(objstore(local_region.region))
    local_region.differences.note(
        name, "objstore.yml: who signs in", "workload identity", "a key made for the run", why="no Entra"
    )
    there = f"http://{LOOPBACK}:{port}/{account}"
    local_region.differences.note(name, "config.endpoint", config["config"].pop("endpoint"), there, why=ADDRESSES)
    config["config"]["storage_connection_string"] = (
        f"DefaultEndpointsProtocol=http;AccountName={account};AccountKey={key};BlobEndpoint={there}"
    )
    return program, config


def make_container(local_region: LocalRegion, config: Mapping[str, Any], *, clock: Clock = SYSTEM) -> None:
    """The region's container, once Azurite answers; RuntimeError with what Thanos says.

    Where it is deployed Terraform makes it. Parts that start together and may make it fail, all but the first. On a
    busy machine Azurite makes it after the client has given up, and the next one finds it.
    """
    making = {**config, "config": {**config["config"], "storage_create_container": True}}
    file = local_region.folder / "make-container.yaml"
    file.write_text(yaml.safe_dump(making), encoding="utf-8")
    line = [str(local_region.tool("thanos")), "tools", "bucket", "ls", f"--objstore.config-file={file}"]
    said: list[str] = []

    def made() -> bool:
        done = subprocess.run(line, capture_output=True, text=True, check=False)  # noqa: S603  (no shell)
        said.append(done.stderr.strip())
        return not done.returncode

    if not ask_until_true(made, patience=PATIENCE, pause=1, clock=clock):
        raise RuntimeError(f"no container in Azurite: {said[-1][:500]}")


def folder(local_region: LocalRegion, reason: str) -> dict[str, Any]:
    """A folder as the store, where Azurite cannot be had."""
    local_region.differences.note("thanos", "objstore.yml", "AZURE", "FILESYSTEM", why=reason)
    return {"type": "FILESYSTEM", "config": {"directory": str(local_region.mounts("bucket"))}}


def _without_node_options() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key != "NODE_OPTIONS"}
