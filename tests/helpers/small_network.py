"""Code before another whose networks' size proves nothing."""

#: The preset "nano" with half of its stages, and at the size of `SMALL_PICTURES`.
SMALL_NETWORK = """
from importlib import import_module

nano = import_module("rclicks_hf.networks.clickability.configuration_clickability").PRESETS["nano"]
nano |= {"hidden_sizes": (16, 32), "mlp_ratios": (4, 4), "depths": (1, 1), "image_size": 64}
"""
