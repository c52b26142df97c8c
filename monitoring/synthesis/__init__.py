"""What a synthesis has made, for a person to read; what an earlier one left behind."""
