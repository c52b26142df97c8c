"""Capacity: the resources that a load needs, compared with the configured ones."""
