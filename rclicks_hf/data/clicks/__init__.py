"""The click table: reading, checking and completing it."""
