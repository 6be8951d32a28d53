from __future__ import annotations

from pathlib import Path

import pytest
from helpers.clickability_fixtures import config as config
from helpers.clickability_fixtures import instances as instances
from helpers.clickability_fixtures import model as model
from helpers.clickability_fixtures import model_folder as model_folder
from helpers.clickability_fixtures import processor as processor
from helpers.scene_repo import build_scene_repo


@pytest.fixture(scope="session")
def scene_repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built repo of four small scenes with three instances each, some with unusual clicks."""
    return build_scene_repo(tmp_path_factory.mktemp("scenes"))
