"""Charts and pictures of instances."""
