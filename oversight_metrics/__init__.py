"""What every Oversight service says about itself to Prometheus, by two lines of code (README.md)."""

from oversight_metrics.asgi import MetricsMiddleware as ASGIMetricsMiddleware
from oversight_metrics.contract import CONTRACT
from oversight_metrics.metrics import (
    METRICS,
    Metrics,
    add_revenue,
    cache_hit,
    cache_miss,
    count_transaction,
    observe_query,
    set_active_users,
    set_business_metric,
)
from oversight_metrics.page import metrics_asgi_app, metrics_wsgi_app, serve_metrics
from oversight_metrics.wsgi import MetricsMiddleware as WSGIMetricsMiddleware

__all__ = [
    "CONTRACT",
    "METRICS",
    "ASGIMetricsMiddleware",
    "Metrics",
    "WSGIMetricsMiddleware",
    "add_revenue",
    "cache_hit",
    "cache_miss",
    "count_transaction",
    "metrics_asgi_app",
    "metrics_wsgi_app",
    "observe_query",
    "serve_metrics",
    "set_active_users",
    "set_business_metric",
]
