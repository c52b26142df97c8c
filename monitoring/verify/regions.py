"""Checks of federation and of the global query."""

from __future__ import annotations

from monitoring.blueprint.components.workloads import GLOBAL_PATH, GLOBAL_QUERY_FRONTEND
from monitoring.blueprint.rules.loader import ARRIVED
from monitoring.blueprint.scraping import limits
from monitoring.blueprint.scraping.federation import JOB
from monitoring.verify.client import Client
from monitoring.verify.model import Deployment, Finding, NotHereError, bad, good, scalar, vector


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


STALE = 180
"""Seconds: an aggregate of a minute, and two intervals of the job."""


def federation_is_fresh_and_bounded(client: Client, deployment: Deployment) -> Finding:
    """Every replica of the others is fetched; their aggregates are new, few, and go no further."""
    if not deployment.region.global_view:
        raise NotHereError("global view")
    (url, *_) = deployment.prometheuses
    down = [labels.get("instance", "") for labels, up in vector(client, url, f'up{{job="{JOB}"}}') if not up]
    arrived = f'{{__name__=~"{ARRIVED}.+"}}'
    count: dict[str, float] = {}
    one_of: dict[str, str] = {}
    for labels, n in vector(client, url, f"count by (__name__, cluster) ({arrived})"):
        region = labels.get("cluster", "")
        count[region] = count.get(region, 0) + n
        one_of[region] = labels["__name__"]
    # of one name each: `timestamp` drops the name, and series that differ in nothing else are an error
    ages = {
        region: scalar(client, url, f'time() - max(timestamp({{__name__="{name}",cluster="{region}"}}))')
        for region, name in one_of.items()
    }
    passed_on = scalar(client, deployment.query, f"count({arrived})", dedup="false")
    others = [name for name in deployment.regions if name != deployment.region.name]
    most = limits.of_job()["sample_limit"]
    wrong = [
        *(f"{instance} is not fetched" for instance in down),
        *(f"nothing of {name}" for name in others if name not in count),
        *(f"{region} is {age or 0:.0f} s old" for region, age in ages.items() if age is None or age > STALE),
        *(f"{name} has {n:.0f} series" for name, n in count.items() if n > 2 * int(str(most))),
        *([f"{passed_on:.0f} series are in Thanos"] if passed_on else []),
    ]
    shown = ", ".join(f"{name}: {n:.0f} series" for name, n in sorted(count.items()))
    return bad("; ".join(wrong)[:300]) if wrong else good(f"{shown}; none in Thanos")
