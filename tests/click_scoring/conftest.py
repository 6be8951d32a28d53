from __future__ import annotations

from pathlib import Path

import pytest
from helpers.scene_repo import build_scene_repo


@pytest.fixture(scope="session")
def scene_repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built repo of four small scenes with three instances each, some with unusual clicks."""
    return build_scene_repo(tmp_path_factory.mktemp("scenes"))
