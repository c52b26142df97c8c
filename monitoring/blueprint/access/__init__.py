"""Who gets in by which path, and to what."""
