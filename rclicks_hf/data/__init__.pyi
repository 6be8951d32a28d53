from .build.builder import BuildReport as BuildReport
from .build.builder import build_dataset as build_dataset
from .build.builder import build_from_files as build_from_files
from .build.verify import Check as Check
from .build.verify import format_checks as format_checks
from .build.verify import verify_dataset as verify_dataset
from .click_index import ClickIndex as ClickIndex
from .click_maps import click_map as click_map
from .clicks.csv_reader import RejectedRow as RejectedRow
from .clicks.csv_reader import read_clicks as read_clicks
from .images.folders import FolderStore as FolderStore
from .images.folders import find_stores as find_stores
from .images.interface import ImageStore as ImageStore
from .images.layouts import LAYOUTS as LAYOUTS
from .images.memory import MemoryStore as MemoryStore
from .images.memory import StoreWithPrevious as StoreWithPrevious
from .instances import Click as Click
from .instances import Clicks as Clicks
from .instances import Instance as Instance
from .loading import InstanceTable as InstanceTable
from .loading import load_instances as load_instances
from .schema import CLICK_SCHEMA as CLICK_SCHEMA
from .schema import CLICK_TYPES as CLICK_TYPES
from .schema import DEVICES as DEVICES
from .schema import ROUNDS as ROUNDS
from .schema import SOURCE_DATASETS as SOURCE_DATASETS
from .schema import SPLITS as SPLITS
from .schema import ConfigKey as ConfigKey
from .schema import SourceDataset as SourceDataset
from .schema import config_names as config_names
from .splits import random_splits as random_splits
from .splits import read_split_lists as read_split_lists
from .stems import FullStem as FullStem

__all__ = [
    "CLICK_SCHEMA",
    "CLICK_TYPES",
    "DEVICES",
    "LAYOUTS",
    "ROUNDS",
    "SOURCE_DATASETS",
    "SPLITS",
    "BuildReport",
    "Check",
    "Click",
    "ClickIndex",
    "Clicks",
    "ConfigKey",
    "FolderStore",
    "FullStem",
    "ImageStore",
    "Instance",
    "InstanceTable",
    "MemoryStore",
    "RejectedRow",
    "SourceDataset",
    "StoreWithPrevious",
    "build_dataset",
    "build_from_files",
    "click_map",
    "config_names",
    "find_stores",
    "format_checks",
    "load_instances",
    "random_splits",
    "read_clicks",
    "read_split_lists",
    "verify_dataset",
]
