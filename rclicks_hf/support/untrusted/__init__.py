"""Archives, pickles and checkpoints from outside, read without running anything."""
