"""MERGE-ALIAS: loading and identity of models given as names or objects.

`load_segmenter` and `segmenter_identity` move to `segmenters`, `load_click_model` and
`click_model_identity` to `click_models`; then this file is deleted.
"""

from __future__ import annotations

import os
from typing import Any

from rclicks_hf.click_models import registry
from rclicks_hf.errors import RclicksError
from rclicks_hf.jobs import click_model_identity as of_click_models
from rclicks_hf.jobs import segmenter_identity as of_segmenters
from rclicks_hf.jobs.object_fingerprint import object_fingerprint
from rclicks_hf.segmenters import interface

Spec = str | os.PathLike


def load_segmenter(segmenter: Any) -> interface.Segmenter:
    """The segmenter of a spec, or the object itself once it is checked."""
    if isinstance(segmenter, Spec):
        return interface.load_segmenter(os.fspath(segmenter))
    return interface._check_parts(segmenter, type(segmenter).__name__)


def load_click_model(click_model: Any) -> Any:
    """The click model of a spec, or the object itself once it is checked."""
    if isinstance(click_model, Spec):
        return registry.load_click_model(click_model)
    for part in ("name", "click_maps"):
        if not hasattr(click_model, part):
            kind = type(click_model).__name__
            raise RclicksError(f"{kind}: not a click model, it lacks {part}; add that")
    return click_model


def segmenter_identity(segmenter: Any) -> dict[str, str]:
    """``segmenter`` and ``segmenter_fingerprint`` of a spec or object."""
    if isinstance(segmenter, Spec):
        return of_segmenters.segmenter_identity(os.fspath(segmenter))
    return {
        "segmenter": str(segmenter.name),
        "segmenter_fingerprint": object_fingerprint(segmenter),
    }


def click_model_identity(click_model: Any) -> dict[str, str]:
    """``click_model`` and ``click_model_fingerprint`` of a spec or object."""
    if isinstance(click_model, Spec):
        return of_click_models.click_model_identity(os.fspath(click_model))
    return {
        "click_model": str(click_model.name),
        "click_model_fingerprint": object_fingerprint(click_model),
    }
