"""Numbers from results: measures, scores with intervals, the paper's values."""
