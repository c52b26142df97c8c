"""Helm rendering: charts, rendered objects, their schemas, and the record that tests read."""
