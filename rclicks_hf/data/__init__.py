"""The click data: schema, readers of images and clicks, the Parquet builder, loading, verification.

Names are imported on first use (PEP 562), so that ``import rclicks_hf.data.schema`` stays cheap.
"""

import lazy_loader

# Module of this package -> the names that it exports; imported on first use (PEP 562).
_EXPORTS = {
    "instances": ["Click", "Clicks", "Instance"],
    "schema": [
        "CLICK_SCHEMA",
        "CLICK_TYPES",
        "DEVICES",
        "ROUNDS",
        "SOURCE_DATASETS",
        "SPLITS",
        "ConfigKey",
        "SourceDataset",
        "config_names",
    ],
    "stems": ["FullStem"],
    "sources": [
        "ImageSource",
        "MemorySource",
        "SourceWithPrevious",
        "FolderSource",
        "find_sources",
    ],
    "layouts": ["LAYOUTS"],
    "clicks_csv": ["read_clicks", "RejectedRow"],
    "splits": ["random_splits", "read_split_lists"],
    "click_maps": ["click_map"],
    "builder": ["BuildReport", "build_dataset", "build_from_files", "build_twin"],
    "download": ["download_files"],
    "index": ["ClickIndex"],
    "install": ["install_dataset"],
    "twin": ["twin_clicks"],
    "loading": ["InstanceTable", "load_instances"],
    "verify": ["Check", "format_checks", "verify_dataset"],
    "annotators": ["click_density", "simulate_clicks"],
    "rounds": ["simulate_rounds"],
    "scenes": ["generate_scenes"],
}

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=_EXPORTS)
