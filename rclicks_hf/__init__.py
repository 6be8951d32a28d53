"""RClicks for the Hugging Face ecosystem.

Real-user clicks for interactive segmentation: the dataset, the metrics, the clickability network
and the benchmark. Everything heavy is imported on first use: ``import rclicks_hf`` is cheap.
"""

import lazy_loader

__version__ = "0.1.0"

# Names and types of the exports: __init__.pyi. Each is imported on first use (PEP 562).
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
