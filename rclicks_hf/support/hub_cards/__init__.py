"""Cards and result files that the Hub reads."""
