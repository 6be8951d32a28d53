"""A SimpleClick network of few weights."""

from __future__ import annotations

import pytest
import torch

from rclicks_hf.networks.simpleclick import SimpleClickConfig, SimpleClickModel


@pytest.fixture
def model() -> SimpleClickModel:
    torch.manual_seed(0)
    config = SimpleClickConfig(
        hidden_size=16,
        num_hidden_layers=8,
        num_attention_heads=2,
        mlp_ratio=2,
        neck_sizes=(8, 8, 8, 8),
        head_channels=8,
        initializer_range=0.2,
    )
    return SimpleClickModel(config).eval()
