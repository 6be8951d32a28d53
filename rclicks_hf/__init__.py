"""RClicks for the Hugging Face ecosystem.

Real-user clicks for interactive segmentation: the dataset, the metrics, the clickability network
and the benchmark. Everything heavy is imported on first use: ``import rclicks_hf`` is cheap.
"""

import lazy_loader

__version__ = "0.1.0"

# Module of this package -> the names that it exports; imported on first use (PEP 562).
_EXPORTS = {
    "errors": ["RclicksError"],
    "data": ["Click", "Instance", "load_instances"],
    "clickability": [
        "ClickabilityConfig",
        "ClickabilityModel",
        "ClickabilityImageProcessor",
        "ClickabilityPipeline",
        "ClickSimulator",
    ],
    "click_models": ["load_click_model"],
    "segmenters": ["load_segmenter"],
    "benchmark": ["Clicker", "run_benchmark"],
}

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=_EXPORTS)
