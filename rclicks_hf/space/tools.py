"""The click models and segmenters of the app, loaded when it starts so that mistakes show then."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from rclicks_hf.click_models import CLICK_MODELS, ClickModel, load_click_model
from rclicks_hf.segmenters import Segmenter, load_segmenter
from rclicks_hf.space.settings import SpaceSettings

T = TypeVar("T")


def click_models(settings: SpaceSettings) -> dict[str, ClickModel]:
    """Name in the app -> click model; those without weights come first."""
    plain = {
        info.label: load_click_model(name)
        for name, info in CLICK_MODELS.items()
        if not info.needs_weights
    }
    return plain | _loaded(settings.click_models, load_click_model, taken=plain)


def segmenters(settings: SpaceSettings) -> dict[str, Segmenter]:
    """Name in the app -> segmenter."""
    return _loaded(settings.segmenters or ("geocut",), load_segmenter)


def _loaded(
    specs: Sequence[str], load: Callable[[str], T], taken: Sequence[str] | dict[str, T] = ()
) -> dict[str, T]:
    """Short name -> what was loaded; the whole spec where the short name is taken."""
    found: dict[str, T] = {}
    for spec in dict.fromkeys(specs):
        short = Path(spec).name or spec
        found[spec if short in found or short in taken else short] = load(spec)
    return found
