from __future__ import annotations

from helpers.clickability_fixtures import config, model, model_folder, processor  # noqa: F401
from helpers.small_dataset import built, make_clicks, make_source  # noqa: F401
