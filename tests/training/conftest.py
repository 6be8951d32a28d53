"""Fixtures: a clickability network of two stages, and instances without files."""

import pytest
from helpers.clickability_fixtures import instances as instances
from helpers.clickability_fixtures import model as model
from helpers.clickability_fixtures import model_folder as model_folder
from helpers.clickability_fixtures import processor as processor
from helpers.clickability_fixtures import two_stages

from rclicks_hf.networks.clickability import ClickabilityConfig


@pytest.fixture
def config() -> ClickabilityConfig:
    return two_stages()
