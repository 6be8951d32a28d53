"""An AdaptiveClick network of few weights."""

from __future__ import annotations

import pytest
import torch

from rclicks_hf.networks.adaptive_click import AdaptiveClickConfig, AdaptiveClickModel


@pytest.fixture
def model() -> AdaptiveClickModel:
    torch.manual_seed(0)
    config = AdaptiveClickConfig(
        hidden_size=160,  # a published width: the converter knows its heads
        num_hidden_layers=8,
        num_attention_heads=4,
        mlp_ratio=1,
        image_size=224,
        neck_sizes=(8, 8, 8, 8),
        decoder_size=32,
        mask_size=8,
        feedforward_size=16,
        num_encoder_layers=2,
        num_decoder_layers=4,
        initializer_range=0.1,
    )
    return AdaptiveClickModel(config).eval()
