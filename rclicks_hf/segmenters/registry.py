"""The table of segmenter families, and how a segmenter is found by its spec.

Importing this file is cheap: help texts are made from the table.
"""

from __future__ import annotations

import logging
import os
import pkgutil
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from rclicks_hf.errors import RclicksError
from rclicks_hf.jobs.model_identity import object_identity, spec_identity
from rclicks_hf.networks import NETWORKS
from rclicks_hf.segmenters.methods import METHOD_FAMILIES
from rclicks_hf.support.model_spec import ModelSpec, make_from_class, parse_model_spec
from rclicks_hf.support.network_options import network_options, refuse_given
from rclicks_hf.support.text.names import did_you_mean

if TYPE_CHECKING:
    from rclicks_hf.segmenters.interface import Segmenter

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SegmenterFamily:
    """One row of the table of segmenters.

    Attributes:
        name: Key in `SEGMENTERS`; what users type if the family has no weights.
        label: What tables and messages call it.
        implementation: ``"module:Class"``; with weights, the class has a class method
            ``from_pretrained(folder_or_hub_id, *, device, dtype, batch_size)``.
        licence: SPDX identifier of code and published weights; ``LicenseRef-...`` is one that
            restricts the use.
        paper: Where the method is described; ``""`` for GeoCut.
        model_types: ``model_type`` in the ``config.json`` of its networks; empty without weights.
        example: A Hub id of published weights; ``""`` if there is none.

    Example:
        >>> SEGMENTERS["sam2"].label, SEGMENTERS["sam2"].model_types
        ('SAM 2', ('sam2', 'sam2_video'))
    """

    name: str
    label: str
    implementation: str
    licence: str
    paper: str = ""
    model_types: tuple[str, ...] = ()
    example: str = ""


def _published(name: str, implementation: str, **fields: Any) -> SegmenterFamily:
    """The row of a family of the paper's tables."""
    family = METHOD_FAMILIES[name]
    return SegmenterFamily(
        name, family.label, implementation, family.licence, family.paper, **fields
    )


def _click_map(name: str, implementation: str = "predictor:ClickMapSegmenter") -> SegmenterFamily:
    """The row of a family with a click-map network of this package."""
    return _published(
        name,
        f"rclicks_hf.segmenters.click_map.{implementation}",
        model_types=(NETWORKS[name].model_type,),
    )


#: Name -> family. A network is recognised by the ``model_type`` in its config.json.
SEGMENTERS: dict[str, SegmenterFamily] = {
    family.name: family
    for family in (
        SegmenterFamily(
            "geocut",
            "GeoCut",
            "rclicks_hf.segmenters.geocut:GeoCut",
            licence="Apache-2.0",
        ),
        _published(
            "sam",
            "rclicks_hf.segmenters.prompt.sam:SamSegmenter",
            model_types=("sam",),
            example="facebook/sam-vit-base",
        ),
        _published(
            "sam_hq",
            "rclicks_hf.segmenters.prompt.sam_hq:SamHqSegmenter",
            model_types=("sam_hq",),
            example="syscv-community/sam-hq-vit-base",
        ),
        _published(
            "mobile_sam",
            "rclicks_hf.segmenters.prompt.mobile_sam:MobileSamSegmenter",
            model_types=("rclicks_mobile_sam",),
        ),
        _published(
            "sam2",
            "rclicks_hf.segmenters.prompt.sam2:Sam2Segmenter",
            # The published checkpoints are sam2_video; their video parts are not loaded.
            model_types=("sam2", "sam2_video"),
            example="facebook/sam2.1-hiera-tiny",
        ),
        _click_map("ritm"),
        _click_map("simpleclick"),
        _click_map("cfr_icl"),
        _click_map("adaptive_click"),
        _click_map("gpcis"),
        _click_map("cdnet", "cdnet:CdnetSegmenter"),
        SegmenterFamily(
            "sam3",
            "SAM 3",
            "rclicks_hf.segmenters.prompt.sam3_tracker:Sam3TrackerSegmenter",
            licence="LicenseRef-SAM",
            paper="Carion et al., 2025",
            # The published checkpoint is sam3_video; its detector is not loaded.
            model_types=("sam3_tracker", "sam3_video"),
            example="facebook/sam3",
        ),
    )
}

#: Prefix of the folder or the two files of a network exported to ONNX.
ONNX = "onnx"

# Networks that users may expect here -> why they cannot be loaded.
_LEFT_OUT = dict.fromkeys(
    ("edgetam", "edgetam_video"), "EdgeTAM's image encoder needs timm, which is not a dependency"
)


def load_segmenter(
    spec: str | os.PathLike[str] | Segmenter,
    *,
    device: str | None = None,
    dtype: str = "float32",
    batch_size: int | None = None,
) -> Segmenter:
    """Load a segmenter by its spec.

    Args:
        spec: ``"geocut"``; the folder or Hub id of a network of a family in `SEGMENTERS`;
            ``"onnx:FOLDER"`` or ``"onnx:encoder.onnx,decoder.onnx"`` for an exported network;
            ``"module:Class"`` for your own class, called without arguments, its module looked up on
            Python's path and in the working directory; or a segmenter object.
        device: Device of a network: ``"auto"``, ``"cpu"``, ``"cuda"``, ``"cuda:N"`` or ``"mps"``;
            default: a GPU if there is one. Your own class gets the given values as keywords.
        dtype: ``"float32"``, ``"bfloat16"`` or ``"float16"``, of a network's products and
            convolutions; its weights stay in 32-bit floats.
        batch_size: Trajectories per forward pass of a network; default: what suits the device.

    Returns:
        The segmenter; an object is returned as it is.

    Raises:
        RclicksError: If there is no such segmenter, it cannot be loaded, the object lacks a part of
            `Segmenter`, or there is no such device or it does not compute in ``dtype``.

    Example:
        >>> load_segmenter("geocut").name
        'geocut'
    """
    from rclicks_hf.segmenters.interface import require_segmenter

    options = network_options(device, dtype, batch_size)
    if not isinstance(spec, str | os.PathLike):
        refuse_given(options, type(spec).__name__)
        return require_segmenter(spec, type(spec).__name__)
    parsed = segmenter_spec(spec)
    if parsed.name != ONNX and parsed.kind in ("folder", "hub"):
        return _load_network(
            parsed.place, device=options.device, dtype=dtype, batch_size=batch_size
        )
    if parsed.kind == "class":
        return require_segmenter(make_from_class(parsed, options), parsed.text)
    if parsed.kind != "unknown":
        refuse_given(options, parsed.text)
    if parsed.name == ONNX:
        from rclicks_hf.segmenters.onnx.segmenter import load_onnx

        return load_onnx(parsed.place)
    if parsed.kind == "name":
        return pkgutil.resolve_name(SEGMENTERS[parsed.name].implementation)()
    hint = did_you_mean(parsed.text, _names_without_weights())
    raise RclicksError(f"{parsed.text}: no such segmenter{hint}; give {segmenter_choices()}")


def segmenter_spec(spec: str | os.PathLike[str]) -> ModelSpec:
    """Take the spec of a segmenter apart."""
    return parse_model_spec(spec, [*_names_without_weights(), ONNX], [ONNX])


def takes_options(spec: str | os.PathLike[str] | Segmenter) -> bool:
    """Whether device, dtype and batch size are given to this segmenter where it is loaded."""
    if not isinstance(spec, str | os.PathLike):
        return False
    parsed = segmenter_spec(spec)
    return parsed.name != ONNX and parsed.kind in ("folder", "hub", "class")


def segmenter_identity(spec: str | os.PathLike[str] | Segmenter) -> dict[str, str]:
    """Name and fingerprint of a segmenter, as manifests store them; see `spec_identity`.

    Example:
        >>> segmenter_identity("geocut")
        {'segmenter': 'geocut', 'segmenter_fingerprint': ''}
    """
    if isinstance(spec, str | os.PathLike):
        parsed = segmenter_spec(spec)
        if parsed.name == ONNX:
            from rclicks_hf.segmenters.onnx.segmenter import onnx_identity

            name, fingerprint = onnx_identity(parsed.place)
            return {"segmenter": name, "segmenter_fingerprint": fingerprint}
        found = spec_identity(parsed)
    else:
        found = object_identity(spec)
    return {"segmenter": found.name, "segmenter_fingerprint": found.fingerprint}


def saved_settings(spec: str, dataset: str, *, reference: bool) -> dict[str, Any] | None:
    """The settings on a source dataset, from a config.json alone; None where that cannot be."""
    from rclicks_hf.segmenters.pretrained import read_config

    parsed = segmenter_spec(spec)
    if parsed.name == ONNX or parsed.kind not in ("folder", "hub"):
        return None
    try:
        config = read_config(parsed.place, local_files_only=True)
    except RclicksError:
        return None
    read = getattr(segmenter_class(str(config.get("model_type"))), "saved_settings", None)
    return None if read is None else read(config, dataset, reference=reference)


def segmenter_class(model_type: str) -> Any:
    """The segmenter class for the ``model_type`` of a config.json; None if it is not supported."""
    for family in SEGMENTERS.values():
        if model_type in family.model_types:
            return pkgutil.resolve_name(family.implementation)
    return None


def segmenter_choices() -> str:
    """What a user may type for a segmenter, as one phrase for help texts and errors."""
    *labels, last = [family.label for family in SEGMENTERS.values() if family.model_types]
    return (
        f"{', '.join(_names_without_weights())}, the folder or Hub id of a {', '.join(labels)} or "
        f"{last} network, onnx:FOLDER or onnx:ENCODER,DECODER, or your own class as module:Class"
    )


def _names_without_weights() -> list[str]:
    return [family.name for family in SEGMENTERS.values() if not family.model_types]


def _load_network(place: str, **options: Any) -> Segmenter:
    from rclicks_hf.segmenters.pretrained import read_model_type

    model_type = read_model_type(place)
    found = segmenter_class(model_type)
    if found is None:
        supported = [t for family in SEGMENTERS.values() for t in family.model_types]
        reason = f" ({_LEFT_OUT[model_type]})" if model_type in _LEFT_OUT else ""
        raise RclicksError(
            f"{place}: config.json has model_type {model_type!r}{reason}; supported are "
            f"{', '.join(supported)}; for another method write a class and give module:Class"
        )
    _note_licence(model_type)
    return found.from_pretrained(place, **options)


@cache
def _note_licence(model_type: str) -> None:
    """Tell once per process that a licence restricts the use of a family's weights."""
    family = next(one for one in SEGMENTERS.values() if model_type in one.model_types)
    if family.licence.startswith("LicenseRef-"):
        _log.warning(
            "%s: published under %s; read its terms before you use code or weights",
            family.label,
            family.licence,
        )
