from __future__ import annotations

from helpers.small_dataset import built, make_clicks, make_source  # noqa: F401
