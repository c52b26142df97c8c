"""The workloads of a region, and the names of what belongs to them."""
