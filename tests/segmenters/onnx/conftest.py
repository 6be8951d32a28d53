"""Graphs exported once from the tiny SAM of the other tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="session")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Encoders and decoders of one network, and the folder ``optimum`` with its other layout."""
    for name in ("onnx", "onnxruntime"):
        pytest.importorskip(name, reason=f"{name} is not installed: pip install '.[onnx]'")
    import torch
    from helpers.onnx_exports import export_decoder, export_encoder, export_optimum, prepend

    folder = tmp_path_factory.mktemp("exports")
    export_encoder(folder / "encoder.onnx")
    prepend(folder / "bytes.onnx", folder / "encoder.onnx", "0..255", "hwc", torch.uint8)
    prepend(folder / "raw.onnx", folder / "encoder.onnx", "0..255", "hwc")
    prepend(folder / "unit.onnx", folder / "encoder.onnx", "0..1")
    export_decoder(folder / "four.onnx", single=False)
    export_decoder(folder / "one.onnx", single=True)
    export_optimum(folder / "optimum")
    return folder


@pytest.fixture(scope="session")
def image() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (50, 70, 3)).astype(np.uint8)
