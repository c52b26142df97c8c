"""What a load needs, against what is configured."""
