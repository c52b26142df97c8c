"""Measurements of the real parts, each beside its baseline; docs/figures.json, and the page that is made of it."""
