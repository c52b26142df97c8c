"""Who talks to whom, and what follows from it."""
