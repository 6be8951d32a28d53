"""Pixel diffusion of CDNet against what the original code gives."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import torch

from rclicks_hf.networks.cdnet import CdnetConfig, CdnetModel


def test_diffusion_equals_the_original_code(oracle: ModuleType, shared: Path) -> None:
    inputs, expected, _ = oracle.load_cases(shared / "oracles" / "cdnet_rn34")
    config = CdnetConfig(depths=(1,) * 4, hidden_sizes=(4,) * 4, decoder_channels=8)
    model = CdnetModel(config).eval()
    for case, given in inputs.items():
        logits = torch.from_numpy(expected[case]["instances"])
        with torch.no_grad():
            soft = model.diffuse(logits, given["pixel_values"], given["points"])
        np.testing.assert_allclose(soft.numpy(), expected[case]["pdm"], atol=1e-5)
        alone = model.diffuse(logits[:1], given["pixel_values"][:1], given["points"][:1])
        torch.testing.assert_close(alone, soft[:1])  # images of a batch are not mixed
