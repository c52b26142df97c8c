"""Receivers: each reads its secret from a file that the Key Vault driver mounts, at every notification."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from monitoring.blueprint.objects import key_vault
from monitoring.blueprint.values.charts import HELM_VALUES
from monitoring.fleet.alerting import Receiver
from monitoring.fleet.alerting_checks import DEAD_MANS_SWITCH, NOBODY
from monitoring.fleet.model import Region

TEMPLATES = "/etc/alertmanager/config/*.tmpl"
"""Where the operator puts the chart's `templateFiles`."""


def template_files() -> dict[str, str]:
    """What notifications say, as Alertmanager's own templates, by file name."""
    return {
        file.name: file.read_text(encoding="utf-8") for file in sorted((HELM_VALUES / "notifications").glob("*.tmpl"))
    }


def receivers(region: Region) -> list[dict[str, Any]]:
    """Those that routes name, the switch, and nobody."""
    switch = {"url_file": _file(region.alerting.dead_mans_switch.secret), "send_resolved": False}
    return [
        {"name": NOBODY},
        {"name": DEAD_MANS_SWITCH, "webhook_configs": [switch]},
        *(_receiver(name, receiver) for name, receiver in region.alerting.used_receivers().items()),
    ]


def _receiver(name: str, receiver: Receiver) -> dict[str, Any]:
    key, settings = _KINDS[receiver.kind]
    return {"name": name, key: [{**settings(receiver), "send_resolved": True}]}


def _file(secret: str) -> str:
    return f"{key_vault.FOLDER}/{secret}"


def _says(template: str) -> str:
    return f'{{{{ template "oversight.{template}" . }}}}'


def _pagerduty(receiver: Receiver) -> dict[str, Any]:
    """Events API v2. A link without an address is left out by Alertmanager."""
    links = {"Runbook": "runbook", "Dashboard": "dashboard", "Query": "query", "Silence": "silence"}
    return {
        "url": f"https://{receiver.host}/v2/enqueue",
        "routing_key_file": _file(receiver.secret),
        "severity": _says("severity"),
        "description": _says("title"),
        "class": "{{ .GroupLabels.alertname }}",
        "component": "{{ .GroupLabels.namespace }}",
        "group": "{{ .GroupLabels.cluster }}",
        "source": "{{ .GroupLabels.cluster }}",
        "details": {"text": _says("text")},
        "links": [{"text": text, "href": _says(template)} for text, template in links.items()],
    }


def _slack(receiver: Receiver) -> dict[str, Any]:
    return {
        "api_url_file": _file(receiver.secret),
        "title": _says("title"),
        "title_link": _says("silence"),
        "text": _says("slack"),
        "fallback": _says("title"),
    }


def _teams(receiver: Receiver) -> dict[str, Any]:
    return {"webhook_url_file": _file(receiver.secret), "title": _says("title"), "text": _says("teams")}


def _webhook(receiver: Receiver) -> dict[str, Any]:
    """The body is Alertmanager's own JSON: labels and annotations, whole."""
    return {"url_file": _file(receiver.secret)}


_KINDS: Mapping[str, tuple[str, Callable[[Receiver], dict[str, Any]]]] = {
    "pagerduty": ("pagerduty_configs", _pagerduty),
    "slack": ("slack_configs", _slack),
    "teams": ("msteamsv2_configs", _teams),
    "webhook": ("webhook_configs", _webhook),
}
"""Alertmanager's key, and the settings, by kind."""
