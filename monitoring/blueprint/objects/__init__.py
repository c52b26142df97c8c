"""Objects and files that releases refer to, as plain data."""
