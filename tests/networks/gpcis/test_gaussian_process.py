"""The Gaussian process of GPCIS: against its formula, and with clicks that test its limits."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from rclicks_hf.networks.gpcis import GpcisConfig, GpcisModel

NO_CLICK = (-1.0, -1.0, -1.0)


@pytest.fixture(scope="module")
def model() -> GpcisModel:
    torch.manual_seed(0)
    config = GpcisConfig(
        depths=(1,) * 4, hidden_sizes=(4,) * 4, decoder_channels=8, guidance_features=8
    )
    return GpcisModel(config).eval().double()


def _logits(model: GpcisModel, image: torch.Tensor, *clicks: tuple[float, ...]) -> torch.Tensor:
    with torch.no_grad():
        return model(image, torch.tensor([clicks], dtype=image.dtype)).logits[0, 0]


def test_a_click_has_its_target_value_and_others_follow_the_kernel(model: GpcisModel) -> None:
    image = torch.rand(1, 3, 48, 64, dtype=torch.float64)
    given: list[torch.Tensor] = []
    hook = model.theta.register_forward_hook(lambda _, inputs, __: given.append(inputs[0]))
    logits = _logits(model, image, (20.0, 30.0, 0.0), (5.0, 6.0, 1.0))
    hook.remove()
    features = given[0].view(48, 64, -1)
    at_clicks = torch.stack([features[20, 30], features[5, 6]])
    with torch.no_grad():
        targets = F.softplus(model.u_mlp(at_clicks))[:, 0] * torch.tensor([1, -1])
        scale = torch.exp(model.logsigma2)

        def kernel(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
            squares = (a[:, None] - b[None]) ** 2
            deep = torch.exp(-(squares[..., :-3] * scale).sum(-1) / 2)
            colours = torch.exp(-squares[..., -3:].sum(-1) / 2)
            return deep + F.softplus(model.weights) * colours

        def prior(z: torch.Tensor) -> torch.Tensor:
            bases = math.sqrt(2 / 256) * torch.sin(model.theta(z))
            return (bases @ model.omega)[:, 0]

        matrix = kernel(at_clicks, at_clicks) + 1e-7 * torch.eye(2)
        residual = torch.linalg.solve(matrix, targets - prior(at_clicks))
        pixels = features.flatten(0, 1)
        expected = prior(pixels) + kernel(pixels, at_clicks) @ residual
    torch.testing.assert_close(logits.flatten(), expected, rtol=1e-6, atol=1e-6)


def test_clicks_outside_are_left_out_and_equal_ones_stay_finite(model: GpcisModel) -> None:
    image = torch.rand(1, 3, 48, 64)
    small = GpcisModel(model.config).eval()
    none = _logits(small, image, NO_CLICK, NO_CLICK)
    assert none.isfinite().all()
    twice = _logits(small, image, (9.2, 9.7, 0.0), (9.0, 9.0, 1.0), NO_CLICK, NO_CLICK)
    assert twice.isfinite().all()
    # Seen by the disks, not by the process: the pixel that it names does not exist.
    assert _logits(small, image, (47.9, 64.0, 0.0), NO_CLICK).isfinite().all()
