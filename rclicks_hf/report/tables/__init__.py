"""Tables of results, as cells and as text."""
