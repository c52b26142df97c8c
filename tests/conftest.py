"""Shared fixtures."""

import monitoring.fast_bindings  # noqa: F401
