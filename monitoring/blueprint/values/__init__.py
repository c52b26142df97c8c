"""Chart values: pinned charts, layers, closed schemas, and what charts make of them."""
