"""What oauth2-proxy is told, as far as it shows without it; tests/stack/test_oauth2_proxy.py asks the real one."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from monitoring.blueprint.access import page as access_page
from monitoring.blueprint.access.oauth2_proxy import (
    REFUSED,
    ROLE_HEADER,
    USER_HEADER,
    api_route,
    request_headers,
    upstreams,
)
from monitoring.blueprint.access.paths import ALLOWED_PATHS, DENIED_PATHS, PORTS, ROOTS, Caller, below
from monitoring.blueprint.components.workloads import COMPONENTS, GRAFANA
from monitoring.blueprint.releases import releases
from monitoring.blueprint.values.charts import ROOT
from monitoring.errors import InvalidInput
from monitoring.fleet import Region
from tests.stack.shut_paths import SHUT

BY_NAME = {component.name: component for component in COMPONENTS}


def _values(region: Region, release: str) -> Any:
    return next(one.values for one in releases(region, ()) if one.name == release)


def answers(path: str, region: Region) -> dict[str, Any]:
    """The upstream that the proxy would choose: rewrites first, then the longest that matches."""
    rows = sorted(upstreams(region), key=lambda one: ("rewriteTarget" not in one, -len(one["path"])))
    return next(one for one in rows if re.search(_pattern(one), path))


def _pattern(upstream: dict[str, Any]) -> str:
    path: str = upstream["path"]
    if "rewriteTarget" in upstream:
        return path.replace(r"\z", r"\Z")
    text = re.sub(r"\{\w+(?::([^}]*))?\}", lambda match: match[1] or "[^/]+", path)
    return f"^{text}" if path.endswith("/") else f"^{text}$"


def test_path_without_a_row_is_denied(zoned: Region) -> None:
    paths = [below(BY_NAME[name], path) for name, listed in SHUT.items() for path in listed]
    assert paths
    assert {path: found for path in paths if (found := answers(path, zoned)).get("staticCode") != REFUSED} == {}


def test_allowed_path_is_routed_to_its_component(zoned: Region) -> None:
    for path, component in {"/": "prometheus", "/alertmanager/": "alertmanager", "/grafana/x": "grafana"}.items():
        assert answers(path, zoned)["uri"] == BY_NAME[component].url(PORTS[BY_NAME[component]])
    assert answers("/api/v1/label/job/values", zoned)["id"].startswith("/api/v1/label/")


def test_global_view_path_exists_only_in_regions_with_it(zoned: Region, unzoned: Region) -> None:
    assert (
        answers("/thanos/global/api/v1/query", zoned)["uri"]
        == "http://thanos-global-query-frontend.monitoring.svc:10902"
    )
    assert answers("/thanos/api/v1/query", zoned)["uri"] == "http://thanos-query-frontend.monitoring.svc:10902"
    assert answers("/thanos/global/api/v1/query", unzoned)["staticCode"] == REFUSED


def test_grafana_proxy_paths_are_reachable_without_denied_paths(zoned: Region) -> None:
    path = "/grafana/api/datasources/proxy/1/federate"
    assert answers(path, zoned)["staticCode"] == REFUSED
    assert any(re.search(_pattern(one), path) for one in upstreams(zoned) if "uri" in one)


def test_each_upstream_id_and_path_is_unique(zoned: Region) -> None:
    rows = upstreams(zoned)
    for key in ("id", "path"):
        assert len({one[key] for one in rows}) == len(rows)


def test_each_denied_path_is_below_an_allowed_path_and_matches_first() -> None:
    open_above = [below(one.component, path)[:-1] for one in ALLOWED_PATHS for path in one.paths if path.endswith("/*")]
    for closing in DENIED_PATHS:
        for path in closing.paths:
            where = below(closing.component, path)
            assert any(where.startswith(above) and len(where) > len(above) for above in open_above)


def test_grafana_paths_are_not_allowed_for_basic_auth_clients() -> None:
    assert all(Caller.MACHINE not in one.callers for one in ALLOWED_PATHS if one.component is GRAFANA)


def test_grafana_takes_name_and_role_from_oauth2_proxy_on_the_pod_network(zoned: Region) -> None:
    proxy = _values(zoned, "kube-prometheus-stack")["grafana"]["grafana.ini"]["auth.proxy"]
    assert proxy["enabled"] is True
    assert (proxy["header_name"], proxy["headers"]) == (USER_HEADER, f"Role:{ROLE_HEADER}")
    assert proxy["whitelist"] == str(zoned.network.pod_network)
    assert proxy["enable_login_token"] is False


def test_headers_are_taken_from_the_session_alone() -> None:
    headers = {one["name"]: one for one in request_headers()}
    assert {"Authorization", "Cookie", "X-Forwarded-User", "X-Forwarded-For"} <= headers.keys()
    assert not [one for one in headers.values() if one.get("preserveRequestValue")]
    assert {name for name, one in headers.items() if one["values"]} == {USER_HEADER, ROLE_HEADER}


@pytest.mark.parametrize("flag", ["--skip-auth", "--trusted-ip=", "--whitelist-domain", "--pass-authorization-header"])
def test_no_path_skips_authentication(zoned: Region, flag: str) -> None:
    assert not [one for one in _values(zoned, "oauth2-proxy")["extraArgs"] if one.startswith(flag)]


def test_basic_auth_users_have_the_allowed_group(zoned: Region) -> None:
    flags = _values(zoned, "oauth2-proxy")["extraArgs"]
    assert f"--htpasswd-user-group={zoned.access.allowed_group}" in flags
    assert "--htpasswd-file=/mnt/key-vault/oauth2-proxy-htpasswd" in flags
    assert "--display-htpasswd-form=false" in flags


def test_upstream_timeout_exceeds_the_query_timeout(zoned: Region) -> None:
    (query,) = (one for one in _values(zoned, "thanos")["query"]["extraArgs"] if one.startswith("--query.timeout="))
    assert query == "--query.timeout=2m"
    assert {one["timeout"] for one in upstreams(zoned) if "uri" in one} == {"150s"}


@pytest.mark.parametrize(
    ("release", "workload"), [("thanos", "thanos-query"), ("thanos-global", "thanos-global-query")]
)
def test_the_flags_of_query_that_oauth2_proxy_shows_hold_no_configuration_with_a_secret(
    zoned: Region, release: str, workload: str
) -> None:
    rendered: dict[str, list[str]] = json.loads((ROOT / "tests" / "golden" / "flags.json").read_text())
    ours = _values(zoned, release)["query"]["extraArgs"]
    names = {*rendered[f"Deployment/{workload}/thanos-query"], *(flag.partition("=")[0] for flag in ours)}
    assert "--query.replica-label" in names
    assert {name for name in names if name.endswith("config")} <= {"--endpoint.sd-config"}  # addresses of regions
    assert not [name for name in names if re.search("password|secret|token|bearer", name)]


def test_thanos_serves_below_its_path(zoned: Region) -> None:
    assert "--web.external-prefix=/thanos" in _values(zoned, "thanos")["query"]["extraArgs"]


@pytest.mark.parametrize("root", ROOTS.values())
def test_api_routes_match_apis_and_not_pages(root: str) -> None:
    assert re.search(api_route(), f"{root}/api/v1/query")
    assert not re.search(api_route(), f"{root}/query")


def test_docs_page_without_marker_is_reported(tmp_path: Path) -> None:
    page = tmp_path / "access.md"
    page.write_text("<!-- generated: ways -->\n<!-- end -->\n<!-- generated: open -->\n<!-- end -->\n")
    with pytest.raises(InvalidInput, match="must hold the marks <!-- generated: closed -->"):
        access_page.page(page)


def test_the_page_names_every_open_path() -> None:
    text = access_page.page()
    assert "`/alertmanager/api/v2/silence/{id}`" in text
    assert text.count("| grafana |") == 2
    assert all(one.why in text for one in ALLOWED_PATHS)
    assert all(one.why in text for one in DENIED_PATHS)
