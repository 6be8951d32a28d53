"""SAM-like networks as segmenters."""
