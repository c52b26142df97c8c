"""What a region costs a month: quantities from its file, prices from a dated table."""
