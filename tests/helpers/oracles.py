"""Stored inputs and outputs of reference implementations: `tests/oracles/README.md` has the format.

Most weights of a network oracle are not stored: they are redrawn from the name of the tensor.
"""

from __future__ import annotations

import json
import math
import zipfile
import zlib
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

Arrays = dict[str, np.ndarray]

_PLANES = "planes:"
_PIXEL_MEAN, _PIXEL_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def write_arrays(path: Path, arrays: Arrays) -> None:
    """Write an npz; floats as their byte planes, which compress to two thirds."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            key, content = name, np.asarray(array, order="C")
            if content.dtype.kind == "f" and content.ndim:
                key = f"{_PLANES}{content.dtype.str}:{name}"
                planes = content.view(np.uint8).reshape(*content.shape, content.itemsize)
                content = np.ascontiguousarray(np.moveaxis(planes, -1, 0))
            member = zipfile.ZipInfo(f"{key}.npy")  # a fixed date: equal values, equal file
            member.compress_type = zipfile.ZIP_LZMA
            with archive.open(member, "w") as file:
                np.lib.format.write_array(file, content, allow_pickle=False)


def read_arrays(path: Path) -> Arrays:
    """Read an npz, with or without byte planes."""
    return {**_arrays(path)}


@lru_cache(maxsize=1)  # unpacking takes longer than most tests of the arrays
def _arrays(path: Path) -> Arrays:
    arrays = {}
    with np.load(path, allow_pickle=False) as data:
        for key in data.files:
            name, array = key, data[key]
            if key.startswith(_PLANES):
                _, kind, name = key.split(":", 2)
                array = np.ascontiguousarray(np.moveaxis(array, 0, -1)).view(kind)[..., 0]
            arrays[name] = array
    return arrays


def read(folder: Path) -> tuple[dict[str, Any], Arrays]:
    """Metadata (``keys.json``) and stored arrays of a network oracle."""
    return json.loads((folder / "keys.json").read_text()), read_arrays(folder / "data.npz")


def load(folder: Path) -> tuple[dict[str, torch.Tensor], dict, dict, dict[str, Any]]:
    """State dict, network inputs per case, expected outputs per case, and metadata."""
    state, inputs, expected, meta = _loaded(folder)
    return {**state}, inputs, expected, meta


@lru_cache(maxsize=1)  # a test may ask for the weights, then for inputs and outputs
def _loaded(folder: Path) -> tuple[dict[str, torch.Tensor], dict, dict, dict[str, Any]]:
    meta, arrays = read(folder)
    state: dict[str, torch.Tensor] = {}
    checksum = 0
    for key, entry in meta["keys"].items():
        if "alias" in entry:  # one parameter under two names
            array = state[entry["alias"]].numpy()
        else:
            array = arrays[f"w/{key}"] if entry.get("stored") else _drawn(key, entry, meta["seed"])
        assert str(array.dtype) == entry["dtype"], f"{key} of {folder} is {array.dtype}"
        array = np.array(array, order="C").reshape(entry["shape"])
        checksum = zlib.crc32(array, checksum)
        state[key] = torch.from_numpy(array)
    assert checksum == meta["state_crc32"], f"weights of {folder} are not those of the reference"
    return state, *_cases_of(meta, arrays), meta


def load_cases(folder: Path) -> tuple[dict, dict, dict[str, Any]]:
    """What `load` gives, without the weights."""
    meta, arrays = read(folder)
    return *_cases_of(meta, arrays), meta


def _cases_of(meta: dict[str, Any], arrays: Arrays) -> tuple[dict, dict]:
    given = _cases(arrays, "in")
    inputs = {case: _network_inputs(meta["kind"], one) for case, one in given.items()}
    return inputs, _cases(arrays, "out")


def save_checkpoint(folder: Path, path: Path) -> Path:
    """Write the weights in the layout of the original project's checkpoint file."""
    state, _, _, meta = load(folder)
    if meta["layout"] == "isegm":
        config = meta["config"].get("checkpoint_config", {})
        torch.save({"state_dict": state, "config": config}, path)
    else:
        torch.save(state, path)
    return path


def compare(actual: Any, expected: np.ndarray, atol: float, rtol: float) -> dict[str, Any]:
    """Whether arrays agree within the tolerance, with their largest difference."""
    actual = np.asarray(torch.as_tensor(actual).detach(), np.float64)
    assert actual.shape == expected.shape, f"got shape {actual.shape}, expected {expected.shape}"
    difference = np.abs(actual - expected)
    is_ok = bool((difference <= atol + rtol * np.abs(expected)).all())
    return {"ok": is_ok, "max_abs": float(difference.max())}


def _drawn(key: str, entry: dict[str, Any], seed: int) -> np.ndarray:
    """A He-initialised tensor whose random stream is named by its key."""
    bits = np.random.PCG64([zlib.crc32(key.encode()), seed])
    fan_in = max(1, math.prod(entry["shape"][1:]))
    scale = np.float32(entry["gain"] * math.sqrt(2.0 / fan_in))
    return np.random.Generator(bits).standard_normal(entry["shape"], dtype=np.float32) * scale


def _cases(arrays: Arrays, group: str) -> dict[str, Arrays]:
    cases: dict[str, Arrays] = {}
    for name, array in arrays.items():
        if name.startswith(f"{group}/"):
            _, case, what = name.split("/", 2)
            cases.setdefault(case, {})[what] = array
    return cases


def _network_inputs(kind: str, given: Arrays) -> dict[str, Any]:
    """What a network of this kind takes, from what is stored of a case."""
    if kind == "saliency":
        return {"x": _unit(given["canvas"][None])}
    if kind == "clickability":
        mean, std = (torch.tensor(v).reshape(1, 3, 1, 1) for v in (_PIXEL_MEAN, _PIXEL_STD))
        masks = {
            name: torch.from_numpy(given[name])[:, None].float()
            for name in ("object_mask", "error_mask")
        }
        pixels = {"pixel_values": (_unit(given["image"]) - mean) / std}
        return {**pixels, **masks, "coord_features": torch.cat([*masks.values()], 1)}
    if kind == "isegm":
        inputs = {
            "pixel_values": _unit(given["image"]),
            "points": torch.from_numpy(given["points"]),
        }
        if "prev_mask" in given:
            inputs["previous_mask"] = _unit(given["prev_mask"][..., None])
        return inputs
    return dict(given)


def _unit(images: np.ndarray) -> torch.Tensor:
    """uint8 (B, H, W, 3) as float32 (B, 3, H, W) in [0, 1]."""
    return torch.from_numpy(images).permute(0, 3, 1, 2).contiguous().float() / 255
