"""Numbers of a report: measures, scores with intervals, and the paper's values."""
