"""Images, masks and distances, as arrays."""
