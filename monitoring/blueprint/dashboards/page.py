"""What a page of panels is, and how it becomes Grafana's JSON by Grafana's own library.

Every panel says what it shows, in which unit, and from where on the value is bad; a page's order is its layout.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from grafana_foundation_sdk.builders import common as common_builder
from grafana_foundation_sdk.builders import dashboard as builder
from grafana_foundation_sdk.builders import prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as model

from monitoring.blueprint.dashboards.data_sources import KNOWS_REGIONS, THANOS, THANOS_GLOBAL
from monitoring.blueprint.rules import runbooks

SCOPE = 'cluster=~"$cluster"'
"""Matches the regions chosen on the page, and, since "all" is `.*`, series without the label too: Prometheus adds
external labels only on the way out, so the data source `prometheus` knows no `cluster`."""

_SOURCE = common.DataSourceRef(type_val="prometheus", uid="${datasource}")
_TAG = "oversight"

_NOTHING = model.SpecialValueMap(
    options=model.DashboardSpecialValueMapOptions(
        match=model.SpecialValueMatch.NULL_AND_NAN,
        result=model.ValueMappingResult(text="No data", color="#6e6e6e"),
    )
)
"""Without it Grafana gives "No data" the colour of the lowest step: green, where high values are bad."""


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """From where on a value is yellow and red; `low_is_bad` turns the direction round."""

    warning: float
    critical: float
    low_is_bad: bool = False

    def steps(self) -> list[model.Threshold]:
        """Grafana's steps: each colour holds from its value upwards, the first from minus infinity."""
        if self.low_is_bad:
            colours = ((None, "red"), (self.critical, "yellow"), (self.warning, "green"))
        else:
            colours = ((None, "green"), (self.warning, "yellow"), (self.critical, "red"))
        # dict: where both are the same value there is no yellow
        return [model.Threshold(value=value, color=colour) for value, colour in dict(colours).items()]


def above(warning: float, critical: float | None = None) -> Thresholds:
    """Bad from `warning` upwards, worse from `critical` (the same where it is left out)."""
    return Thresholds(warning=warning, critical=warning if critical is None else critical)


def below(warning: float, critical: float | None = None) -> Thresholds:
    """Bad under `warning`, worse under `critical` (the same where it is left out)."""
    return Thresholds(warning=warning, critical=warning if critical is None else critical, low_is_bad=True)


NEVER = above(1e-9)
"""Anything above zero is bad."""

FLOWING = below(1e-9)
"""Nothing at all is bad: traffic that never stops while the part works."""


@dataclass(frozen=True, kw_only=True)
class Query:
    """A PromQL expression, and a series' name in Grafana's template of labels."""

    expr: str
    legend: str


def one(expr: str, *, legend: str) -> tuple[Query]:
    """What a panel asks that asks but once."""
    return (Query(expr=expr, legend=legend),)


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A graph over time, or a figure of now.

    `width` is in 24ths of the page, `height` in Grafana's rows of 30 pixels: 4 where a line has figures alone.
    `alerts` are our alerts on the same thing: the panel links to their runbooks.
    """

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    thresholds: Thresholds
    kind: Literal["graph", "figure"] = "graph"
    width: Literal[4, 6, 8, 12, 24] = 8
    height: Literal[4, 7] = 7
    alerts: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Variable:
    """A choice at the top of the page: the values of `label` that `series` has."""

    name: str
    title: str
    series: str
    description: str


CLUSTER = Variable(name="cluster", title="Region", series="up", description="The label cluster: the region's name.")


@dataclass(frozen=True, kw_only=True)
class Page:
    """A dashboard: rows by their titles, from top to bottom. `since` is how far it looks back at first.

    `all_regions`: it asks the global view, and in a region without one that region's Thanos.
    """

    uid: str
    title: str
    description: str
    variables: tuple[Variable, ...]
    rows: Mapping[str, Sequence[Panel]]
    since: str = "now-6h"
    all_regions: bool = False


def to_json(page: Page) -> str:
    """The page as Grafana's JSON, the same text for the same page."""
    built = (
        builder.Dashboard(page.title)
        .uid(page.uid)
        .description(page.description)
        .tags([_TAG])
        .timezone("utc")
        .time(page.since, "now")
        .refresh("1m")
        .readonly()
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .link(_other_pages())
        .link(_elsewhere("Runbooks", runbooks.committed_base()))
        .with_variable(_source_choice(all_regions=page.all_regions))
    )
    for variable in page.variables:
        built = built.with_variable(_choice(variable))
    number = 0
    for title, panels in page.rows.items():
        number += 1
        built = built.with_row(builder.Row(title).id(number))
        for panel in panels:
            number += 1
            built = built.with_panel(_drawn(panel).id(number))
    return JSONEncoder(sort_keys=True, indent=1).encode(built.build()) + "\n"


def _other_pages() -> builder.DashboardLink:
    return (
        builder.DashboardLink("Oversight")
        .type(model.DashboardLinkType.DASHBOARDS)
        .tags([_TAG])
        .as_dropdown(True)  # noqa: FBT003  (the library's signature)
        .include_vars(True)  # noqa: FBT003
        .keep_time(True)  # noqa: FBT003
    )


def _source_choice(*, all_regions: bool) -> builder.DatasourceVariable:
    source = THANOS_GLOBAL if all_regions else THANOS
    choice = (
        builder.DatasourceVariable("datasource")
        .label("Data source")
        .description(
            "Thanos: years, both replicas as one; global: of all regions. "
            "Prometheus: one replica, also while Thanos is down."
        )
        .type("prometheus")
        .current(model.VariableOption(selected=True, text=source.name, value=source.uid))
    )
    return choice.regex(KNOWS_REGIONS) if all_regions else choice


def _choice(variable: Variable) -> builder.QueryVariable:
    return (
        builder.QueryVariable(variable.name)
        .label(variable.title)
        .description(variable.description)
        .datasource(_SOURCE)
        .query({"query": f"label_values({variable.series}, {variable.name})", "refId": variable.name})
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
        .multi(True)  # noqa: FBT003
        .include_all(True)  # noqa: FBT003
        .all_value(".*")
        .current(model.VariableOption(selected=True, text=["All"], value=["$__all"]))
    )


def _drawn(panel: Panel) -> timeseries.Panel | stat.Panel:
    drawn = _graph(panel) if panel.kind == "graph" else _figure()
    base = runbooks.committed_base() if panel.alerts else ""
    drawn = (
        drawn.title(panel.title)
        .description(panel.description)
        .datasource(_SOURCE)
        .unit(panel.unit)
        .thresholds(builder.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(panel.thresholds.steps()))
        .links([_elsewhere(f"Runbook: {alert}", runbooks.url(base, alert)) for alert in panel.alerts])
        .span(panel.width)
        .height(panel.height)
    )
    for position, query in enumerate(panel.queries):
        asked = (
            prometheus.Dataquery()
            .ref_id(chr(ord("A") + position))
            .datasource(_SOURCE)
            .expr(query.expr)
            .legend_format(query.legend)
        )
        drawn = drawn.with_target(asked.range() if panel.kind == "graph" else asked.instant())
    return drawn


def _graph(panel: Panel) -> timeseries.Panel:
    drawn = (
        timeseries.Panel()
        .min(0)
        .show_points(common.VisibilityMode.NEVER)
        .tooltip(
            common_builder.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI).sort(common.SortOrder.DESCENDING)
        )
        .legend(
            common_builder.VizLegendOptions()
            .display_mode(common.LegendDisplayMode.LIST)
            .placement(common.LegendPlacement.BOTTOM)
            .show_legend(True)  # noqa: FBT003
        )
    )
    if panel.thresholds == NEVER:
        drawn = drawn.axis_soft_max(1)
    elif panel.unit in {"percentunit", "short"}:  # zeros alone are drawn on an axis up to 100, which is 10000 %
        drawn = drawn.axis_soft_max(panel.thresholds.warning)
    if panel.thresholds in (NEVER, FLOWING):  # a line at zero would only hide the axis
        return drawn
    style = common_builder.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.DASHED)
    return drawn.thresholds_style(style)


def _figure() -> stat.Panel:
    return (
        stat.Panel()
        .graph_mode(common.BigValueGraphMode.NONE)
        .color_mode(common.BigValueColorMode.BACKGROUND)
        .text_mode(common.BigValueTextMode.AUTO)  # the name where there are several
        .text(common_builder.VizTextDisplayOptions().title_size(14).value_size(32))
        .mappings([_NOTHING])
        .reduce_options(common_builder.ReduceDataOptions().calcs(["lastNotNull"]).values(False))  # noqa: FBT003
    )


def _elsewhere(title: str, url: str) -> builder.DashboardLink:
    return (
        builder.DashboardLink(title).type(model.DashboardLinkType.LINK).url(url).target_blank(True)  # noqa: FBT003
    )
