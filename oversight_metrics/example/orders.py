"""What both examples do, apart from HTTP: orders in a database, sessions in a cache, figures of the business."""

from __future__ import annotations

from dataclasses import dataclass, field

from oversight_metrics import METRICS, Metrics

PRICE = 19.9
"""Of every order, in euros."""


@dataclass
class OrderService:
    """Orders by number and the users seen, in memory; a real one has a database and a cache."""

    metrics: Metrics = METRICS
    orders: dict[int, str] = field(default_factory=dict)
    sessions: set[str] = field(default_factory=set)

    def sign_in(self, user: str) -> None:
        """Look the session up, and remember it."""
        if user in self.sessions:
            self.metrics.cache_hit("sessions")
            return
        self.metrics.cache_miss("sessions")
        self.sessions.add(user)
        self.metrics.set_active_users(len(self.sessions), window="5m")

    def order(self, user: str) -> int:
        """Take an order; its number."""
        self.sign_in(user)
        with self.metrics.observe_query(operation="insert", table="orders"):
            number = len(self.orders) + 1
            self.orders[number] = user
        self.metrics.count_transaction(type="order", status="completed")
        self.metrics.add_revenue(PRICE, currency="EUR")
        self.metrics.set_business_metric("open_orders", len(self.orders))
        return number

    def find(self, number: int) -> str | None:
        """Who ordered; None for an unknown number."""
        with self.metrics.observe_query(operation="select", table="orders"):
            return self.orders.get(number)
