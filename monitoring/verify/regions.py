"""Checks of what one region sees of the others."""

from __future__ import annotations

from monitoring.blueprint.components import GLOBAL_PATH, GLOBAL_QUERY_FRONTEND
from monitoring.verify.client import Client
from monitoring.verify.model import Deployment, Finding, bad, good


def the_global_query_has_every_region(client: Client, deployment: Deployment) -> Finding:
    """One question, an answer of every region, and no mark that one is missing."""
    (url, *_) = deployment.of(GLOBAL_QUERY_FRONTEND)
    said = client.get(f"{url}{GLOBAL_PATH}/api/v1/query", query="count by (cluster) (up)").json()
    found = {one["metric"].get("cluster", "") for one in said["data"]["result"]}
    missing = sorted(set(deployment.regions) - found)
    warnings = said.get("warnings") or []
    if missing or warnings:
        return bad("; ".join([*(f"nothing of {region}" for region in missing), *warnings])[:300])
    return good(f"{', '.join(sorted(found))}, no warning")
