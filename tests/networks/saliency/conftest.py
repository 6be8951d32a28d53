"""A tiny saliency network."""

from __future__ import annotations

import pytest
import torch

from rclicks_hf.networks.saliency import SaliencyConfig, SaliencyImageProcessor, SaliencyModel


@pytest.fixture
def config() -> SaliencyConfig:
    return SaliencyConfig(
        image_size=(64, 96),
        stem_channels=8,
        depths=(1, 2, 1, 1),
        hidden_sizes=(16, 16, 8),
        num_attention_heads=(4, 4, 2),
        intermediate_sizes=(32, 32, 16),
        decoder_sizes=(8, 8, 4, 4),
    )


@pytest.fixture
def model(config: SaliencyConfig) -> SaliencyModel:
    torch.manual_seed(0)
    return SaliencyModel(config).eval()


@pytest.fixture
def processor() -> SaliencyImageProcessor:
    return SaliencyImageProcessor(size={"height": 64, "width": 96})
