"""Click models by spec: names, networks, users' own classes, objects."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rclicks_hf.click_models import CLICK_MODELS, ClickModel, UniformClickModel, load_click_model
from rclicks_hf.errors import RclicksError

USER_MODULE = """
class Corner:
    name = "corner"
    def click_map(self, image, object_mask, error_mask):
        values = (error_mask > 0).astype("float32")
        values[1:] = 0
        return values

class Whole(Corner):
    name = "whole"
    def click_maps(self, images, object_masks, error_masks):
        return [self.click_map(*arrays) for arrays in zip(images, object_masks, error_masks)]

class Nameless(Corner):
    name = ""

class Mapless:
    name = "mapless"
"""


@pytest.fixture
def user_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    name = "my_click_models_for_tests"
    (tmp_path / f"{name}.py").write_text(USER_MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    return name


def test_every_row_names_a_class() -> None:
    from pkgutil import resolve_name

    for info in CLICK_MODELS.values():
        assert isinstance(resolve_name(info.implementation), type)
        assert hasattr(resolve_name(info.implementation), "from_pretrained") == info.needs_weights


def test_a_user_s_class_needs_only_click_map(user_module: str) -> None:
    model = load_click_model(f"{user_module}:Corner")
    assert isinstance(model, ClickModel)
    assert model.name == "corner"
    images, masks = np.zeros((2, 4, 5, 3), np.uint8), np.ones((2, 4, 5), bool)
    maps = model.click_maps(images, masks, masks)
    assert [float(click_map.sum()) for click_map in maps] == [5, 5]
    np.testing.assert_array_equal(model.click_map(images[0], masks[0], masks[0]), maps[0])
    assert type(load_click_model(f"{user_module}:Whole")).__name__ == "Whole"


def test_an_object_is_returned_as_it_is() -> None:
    model = UniformClickModel()
    assert load_click_model(model) is model


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("si:", "si: needs trained weights; give si:FOLDER"),
        ("dt:x", "dt:x: no such click model"),
        ("nope", "give ud, dt, the folder or Hub id of a clickability network, si: or sm:"),
        ("no_such_module_here:Own", "cannot import no_such_module_here"),
        ("{module}:Mapless", "not a click model: it lacks click_map()"),
        ("{module}:Nameless", "name must be a non-empty text, got ''"),
    ],
)
def test_a_wrong_spec_is_one_line(user_module: str, spec: str, message: str) -> None:
    with pytest.raises(RclicksError) as caught:
        load_click_model(spec.format(module=user_module))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_wrong_object_is_named() -> None:
    with pytest.raises(RclicksError, match=r"object: not a click model: it lacks a name"):
        load_click_model(object())  # type: ignore[arg-type]
    with pytest.raises(RclicksError, match="UniformClickModel: is a class; give an instance"):
        load_click_model(UniformClickModel)  # type: ignore[arg-type]
