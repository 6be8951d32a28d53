from copy import deepcopy

import numpy as np
import pytest
import torch
from helpers.tiny_networks import tiny_segmenter

from rclicks_hf.networks.click_map import click_disks


def test_disks_equal_their_definition():
    rng = np.random.default_rng(0)
    rows, columns = torch.arange(50.0)[:, None], torch.arange(60.0)[None]
    for radius in (1, 5, 24):
        for whole in (False, True):
            places = torch.tensor(rng.uniform(-12, 70, (2, 6, 3)), dtype=torch.float32)
            places = places.round() if whole else places
            expected = torch.zeros(2, 2, 50, 60)
            for b in range(2):
                for i, (row, column, _) in enumerate(places[b]):
                    if max(row, column) >= 0:
                        disk = (rows - row) ** 2 + (columns - column) ** 2 <= radius**2
                        expected[b, i // 3] = torch.maximum(expected[b, i // 3], disk.float())
            assert torch.equal(click_disks(places, (50, 60), radius), expected)


def test_disks_do_not_need_a_map_per_click():
    points = torch.zeros(22, 40, 3).uniform_(0, 1024)
    with torch.profiler.profile(profile_memory=True) as profile:
        click_disks(points, (1024, 1024))
    largest = max(event.cpu_memory_usage for event in profile.events())
    assert largest <= 22 * 2 * 1024 * 1024 * 4 * 1.1  # the maps themselves


def test_gradients_are_the_slope_of_the_output():
    # Operations in place must not overwrite what a gradient needs.
    step = 1e-9
    for family in ("ritm", "simpleclick", "adaptive_click", "gpcis", "cdnet"):
        torch.manual_seed(0)
        model, side = (
            deepcopy(tiny_segmenter(family).model).double(),
            224 if "click" in family else 64,
        )
        with torch.no_grad():
            for one in model.parameters():  # zeros are on the corner of a ReLU
                one += 0.01 * torch.randn_like(one)
        image = torch.rand(1, 3, side, side, dtype=torch.float64)
        points = torch.tensor([[[20, 30, 0], [5, 9, 1]]], dtype=torch.float64)
        weights = torch.rand(1, 1, side, side, dtype=torch.float64)
        (model(image, points).logits * weights).sum().backward()
        moved = [(one, torch.randn_like(one)) for one in model.parameters() if one.grad is not None]
        slope = sum((one.grad * direction).sum().item() for one, direction in moved)
        scores = []
        with torch.no_grad():
            for sign in (1, -2):
                for one, direction in moved:
                    one += sign * step * direction
                scores.append((model(image, points).logits * weights).sum().item())
        # CDNet learns nothing from the gates of its own pixels: it detaches them.
        tolerance = 0.2 if family == "cdnet" else 1e-3
        assert slope != 0
        assert (scores[0] - scores[1]) / (2 * step) == pytest.approx(slope, rel=tolerance)
