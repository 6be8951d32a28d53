"""The paper's published per-click results: read from its archive, written as our own results."""
