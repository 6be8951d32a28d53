from __future__ import annotations

import subprocess
import sys

import pytest

from rclicks_hf.data.schema import CLICK_SCHEMA, SOURCE_DATASETS, ConfigKey, config_names, round_of
from rclicks_hf.errors import RclicksError


def test_published_counts_sum_to_the_published_totals() -> None:
    real = [entry for entry in SOURCE_DATASETS.values() if not entry.is_simulated]
    assert sum(entry.first_clicks for entry in real) == 185_349
    assert sum(entry.subsequent_clicks for entry in real) == 290_195
    assert sum(entry.clicks for entry in real) == 475_544
    assert sum(entry.instances for entry in real) == 3_826


def test_simulated_datasets_say_so_everywhere() -> None:
    for entry in SOURCE_DATASETS.values():
        assert entry.is_simulated == ("simulated" in entry.name) == ("simulated" in entry.title)


def test_config_names_are_those_of_the_design() -> None:
    names = config_names(["davis", "tetris"])
    assert names[0] == "all"
    assert len(names) == len(set(names)) == 3 * 9 + 2 * 2
    for name in ("pc", "first", "first-mobile", "davis", "davis-subsequent", "davis-pc",
                 "tetris-first-mobile", "tetris-images", "davis-instances"):  # fmt: skip
        assert name in names


def test_config_names_parse_back() -> None:
    assert [ConfigKey.parse(name).name for name in config_names()] == list(config_names())


@pytest.mark.parametrize("name", ["", "Davis", "davis-pc-first", "images", "davis-images-pc"])
def test_unknown_config_names_are_refused(name: str) -> None:
    with pytest.raises(RclicksError, match="no such config"):
        ConfigKey.parse(name)


def test_rounds() -> None:
    assert [round_of(name) for name in ("first", "fn", "fp")] == ["first"] + ["subsequent"] * 2


def test_coordinates_are_exact_integers() -> None:
    assert {str(CLICK_SCHEMA.field(name).type) for name in "xywh"} == {"int32"}


def test_the_schema_imports_no_heavy_library() -> None:
    code = (
        "import sys, rclicks_hf.data.schema;"
        "print([m for m in ('datasets', 'torch', 'pandas', 'cv2', 'PIL') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
