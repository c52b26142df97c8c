"""A page of metrics: its lines (syntax), its metrics (page), and what is wrong with them (rules)."""
