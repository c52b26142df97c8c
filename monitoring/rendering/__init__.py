"""What Helm makes of the releases: charts, rendered objects, their schemas, and the record that tests read."""
