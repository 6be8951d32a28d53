"""Segmenters whose network sees disks at the clicks and its own last probability."""
