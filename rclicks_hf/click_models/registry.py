"""The table of click models, and how a click model is found by its spec.

Importing this file is cheap: help texts are made from the table.
"""

from __future__ import annotations

import os
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rclicks_hf.errors import RclicksError
from rclicks_hf.jobs.model_identity import object_identity, spec_identity
from rclicks_hf.support.model_spec import ModelSpec, make_from_class, parse_model_spec
from rclicks_hf.support.network_options import network_options, refuse_given

if TYPE_CHECKING:
    import numpy as np

    from rclicks_hf.click_models.interface import ClickModel


@dataclass(frozen=True)
class ClickModelInfo:
    """One row of the table of click models.

    Attributes:
        name: What users type and result files hold.
        label: What tables call it, as the paper does.
        title: What it is, in one line.
        implementation: ``"module:Class"``; with weights, the class has a class method
            ``from_pretrained(folder_or_hub_id, *, name, device, dtype, batch_size)``.
        needs_weights: Whether it is a trained network.

    Example:
        >>> info = CLICK_MODELS["si"]
        >>> info.label, info.needs_weights
        ('SI', True)
    """

    name: str
    label: str
    title: str
    implementation: str
    needs_weights: bool = False


_PACKAGE = "rclicks_hf.click_models"
_DEFAULT_NETWORK = "cm"  # what a folder or Hub id without a prefix holds

#: Name -> click model.
CLICK_MODELS: dict[str, ClickModelInfo] = {
    info.name: info
    for info in (
        ClickModelInfo(
            "ud", "UD", "uniform over the error mask", f"{_PACKAGE}.uniform:UniformClickModel"
        ),
        ClickModelInfo(
            "dt",
            "DT",
            "distance transform of the error mask",
            f"{_PACKAGE}.distance_transform:DistanceTransformClickModel",
        ),
        ClickModelInfo(
            "si",
            "SI",
            "saliency of the image (TranSalNet)",
            f"{_PACKAGE}.saliency:SaliencyClickModel",
            needs_weights=True,
        ),
        ClickModelInfo(
            "sm",
            "SM",
            "saliency of the cut-out object (TranSalNet)",
            f"{_PACKAGE}.saliency:SaliencyClickModel",
            needs_weights=True,
        ),
        ClickModelInfo(
            "cm",
            "CM",
            "clickability network",
            f"{_PACKAGE}.clickability:ClickabilityClickModel",
            needs_weights=True,
        ),
    )
}


def load_click_model(
    spec: str | os.PathLike[str] | ClickModel,
    *,
    device: str | None = None,
    dtype: str = "float32",
    batch_size: int | None = None,
    compile: bool = False,
) -> ClickModel:
    """Load a click model by its spec.

    Args:
        spec: ``"ud"`` or ``"dt"``; the folder or Hub id of a ``ClickabilityModel``, or
            ``"clickability"`` after ``rclicks download clickability``; ``"si:"`` or
            ``"sm:"`` and the folder or Hub id of a ``SaliencyModel``; ``"module:Class"`` for your
            own class, called without arguments, its module looked up on Python's path and in the
            working directory; or a click model object. Your own class may lack ``click_maps``.
        device: Device of a network: ``"auto"``, ``"cpu"``, ``"cuda"``, ``"cuda:N"`` or ``"mps"``;
            default: a GPU if there is one. Your own class gets the given values as keywords.
        dtype: ``"float32"``, ``"bfloat16"`` or ``"float16"``, of a network's products and
            convolutions; its weights stay in 32-bit floats.
        batch_size: Click maps per forward pass of a network; default: what suits the device.
        compile: Whether to compile a clickability network, which takes minutes; on a GPU only.

    Returns:
        The click model.

    Raises:
        RclicksError: If there is no such click model, it cannot be loaded, the object lacks a part
            of `ClickModel`, or there is no such device or it does not compute in ``dtype``.

    Example:
        >>> load_click_model("dt").name
        'dt'
    """
    options = network_options(device, dtype, batch_size, compile)
    if not isinstance(spec, str | os.PathLike):
        refuse_given(options, type(spec).__name__)
        return require_click_model(spec, type(spec).__name__)
    parsed = click_model_spec(spec)
    if parsed.kind == "class":
        return require_click_model(make_from_class(parsed, options), parsed.text)
    if parsed.kind == "unknown":
        raise RclicksError(
            f"{parsed.text}: no such click model or folder; give {click_model_choices()}"
        )
    info = CLICK_MODELS[parsed.name or _DEFAULT_NETWORK]
    make = pkgutil.resolve_name(info.implementation)
    if not info.needs_weights:
        refuse_given(options, parsed.text)
        return make()
    if not parsed.place:
        raise RclicksError(
            f"{info.name}: needs trained weights; give {info.name}:FOLDER, {info.name}:HUB_ID or, "
            f"after `rclicks download saliency`, {info.name}:saliency"
            if info.name != _DEFAULT_NETWORK
            else "cm: needs trained weights; give cm:FOLDER, cm:HUB_ID or, after `rclicks download "
            "clickability`, clickability"
        )
    given = vars(options)
    if info.name != _DEFAULT_NETWORK:
        given = {name: value for name, value in given.items() if name != "compile"}
    return make.from_pretrained(parsed.place, name=info.name, **given)


def click_model_spec(spec: str | os.PathLike[str]) -> ModelSpec:
    """Take the spec of a click model apart."""
    with_weights = [info.name for info in CLICK_MODELS.values() if info.needs_weights]
    return parse_model_spec(spec, list(CLICK_MODELS), with_weights)


def takes_options(spec: str | os.PathLike[str] | ClickModel) -> bool:
    """Whether device, dtype and batch size are given to this click model where it is loaded."""
    if not isinstance(spec, str | os.PathLike):
        return False
    return click_model_spec(spec).kind in ("folder", "hub", "class")


def click_model_identity(spec: str | os.PathLike[str] | ClickModel) -> dict[str, str]:
    """Name and fingerprint of a click model, as manifests store them; see `spec_identity`.

    Example:
        >>> click_model_identity("dt")
        {'click_model': 'dt', 'click_model_fingerprint': ''}
    """
    if isinstance(spec, str | os.PathLike):
        found = spec_identity(click_model_spec(spec))
    else:
        found = object_identity(spec.model if isinstance(spec, _OneByOne) else spec)
    return {"click_model": found.name, "click_model_fingerprint": found.fingerprint}


def click_model_choices() -> str:
    """What a user may type for a click model, as one phrase for help texts and errors."""
    names = ", ".join(info.name for info in CLICK_MODELS.values() if not info.needs_weights)
    return (
        f"{names}, the folder or Hub id of a clickability network, si: or sm: and that of a "
        "saliency network, clickability after `rclicks download clickability`, or your own class "
        "as module:Class"
    )


def require_click_model(model: Any, where: str) -> ClickModel:
    """A click model with all parts of the interface; errors start with ``where``."""
    if isinstance(model, type):
        raise RclicksError(f"{model.__name__}: is a class; give an instance of it")
    missing = [] if hasattr(model, "name") else ["a name"]
    missing += [] if callable(getattr(model, "click_map", None)) else ["click_map()"]
    if missing:
        raise RclicksError(f"{where}: not a click model: it lacks {', '.join(missing)}; add that")
    if not isinstance(model.name, str) or not model.name:
        raise RclicksError(f"{where}: name must be a non-empty text, got {model.name!r}; fix that")
    return model if callable(getattr(model, "click_maps", None)) else _OneByOne(model)


class _OneByOne:
    """Adds ``click_maps`` to a click model that only has ``click_map``."""

    def __init__(self, model: Any):
        self.model = model
        self.name: str = model.name

    def click_map(
        self, image: np.ndarray, object_mask: np.ndarray, error_mask: np.ndarray
    ) -> np.ndarray:
        return self.model.click_map(image, object_mask, error_mask)

    def click_maps(
        self,
        images: Sequence[np.ndarray],
        object_masks: Sequence[np.ndarray],
        error_masks: Sequence[np.ndarray],
    ) -> list[np.ndarray]:
        triples = zip(images, object_masks, error_masks, strict=True)
        return [self.click_map(*triple) for triple in triples]
