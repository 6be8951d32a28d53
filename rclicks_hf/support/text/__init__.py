"""Text that people read or type: tables, names, citation."""
