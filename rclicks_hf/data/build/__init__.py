"""Building and verifying a dataset repo."""
