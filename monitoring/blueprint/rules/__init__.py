"""Recording rules and alerts: read, checked, and the pages about them."""
