"""Rows of the page on the monitoring's own health, by what they watch."""
