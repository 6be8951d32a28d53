"""The networks, one folder each, in the file style of transformers."""
