"""Generated demo scenes."""
