import numpy as np
import torch

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
