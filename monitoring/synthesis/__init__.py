"""Synthesis output: a summary of it, and removal of stale stacks."""
