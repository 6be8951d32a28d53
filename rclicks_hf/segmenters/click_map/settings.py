"""What the methods differ in: one table of settings, and how a saved config changes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any

_LARGEST_SIDE = 4096  # of an input; bounds the memory that a config.json can ask for

# Setting -> its type, least and largest value.
_RANGES: dict[str, tuple[type, float, float]] = {
    "skip_clicks": (int, -1, 10**6),
    "box_per_click": (bool, 0, 1),
    "keep_overlap": (float, 0, 1),
    "object_threshold": (float, 0, 1),
    "expansion": (float, 1, 100),
    "smallest_box": (int, 1, 10**6),
    "flip": (bool, 0, 1),
    "first_click_passes": (int, 1, 16),
    "threshold": (float, 0.001, 0.999),
    "paste_in_old_box": (bool, 0, 1),
}


@dataclass(frozen=True)
class ClickMapSettings:
    """All that changes a prediction besides image, clicks and weights.

    Attributes:
        size: (height, width) of the network's input; or a number, the longer side of a crop, where
            an image that is not cropped keeps its size.
        skip_clicks: So many clicks see the whole image; -1: the first one already zooms in, on the
            whole image, which then has the size of a crop.
        box_per_click: Whether each click takes a new box; otherwise the old one is kept until the
            new one overlaps it by less than ``keep_overlap`` or a positive click lies outside.
        keep_overlap: Least IoU of the new box with the old one for which that is kept.
        object_threshold: The box holds the pixels whose last probability is above this.
        expansion: Sides of the box, per side of the object.
        smallest_box: Least side of the box in pixels.
        flip: Whether logits are averaged with those of the mirrored image.
        first_click_passes: Forward passes for the first click, each seeing the last one's result.
        threshold: The object is where the probability is above this.
        paste_in_old_box: Where a prediction has vanished, the network sees the whole image again;
            True still pastes its output into the last box, as the paper's code does.

    Raises:
        ValueError: If a value has another type or range.

    Example:
        >>> ClickMapSettings(size=400).flip
        True
    """

    size: int | tuple[int, int]
    skip_clicks: int = -1
    box_per_click: bool = False
    keep_overlap: float = 0.5
    object_threshold: float = 0.5
    expansion: float = 1.4
    smallest_box: int = 200
    flip: bool = True
    first_click_passes: int = 1
    threshold: float = 0.49
    paste_in_old_box: bool = False

    def __post_init__(self) -> None:
        is_pair = isinstance(self.size, list | tuple)  # JSON has lists only
        sides: tuple[Any, ...] = tuple(self.size) if is_pair else (self.size,)  # type: ignore[arg-type]
        if is_pair:
            object.__setattr__(self, "size", sides)
            if len(sides) != 2:
                raise ValueError(f"size must be a number or two, got {sides}")
        for side in sides:
            _check("size", side, int, 1, _LARGEST_SIDE)
        for name, (kind, low, high) in _RANGES.items():
            _check(name, getattr(self, name), kind, low, high)

    def as_json(self) -> dict[str, Any]:
        """The settings as a manifest stores them."""
        values = asdict(self)
        return values | ({"size": list(self.size)} if isinstance(self.size, tuple) else {})

    def changed(self, changes: Mapping[str, Any]) -> ClickMapSettings:
        """These settings with others in place of some; ValueError if one does not exist."""
        known = [one.name for one in fields(self)]
        if unknown := [name for name in changes if name not in known]:
            raise ValueError(f"{unknown[0]} is not a setting; the settings are {', '.join(known)}")
        return replace(self, **changes)


def _check(name: str, value: object, kind: type, low: float, high: float) -> None:
    of_kind = isinstance(value, int | float) if kind is float else isinstance(value, kind)
    if not of_kind or (isinstance(value, bool) and kind is not bool):
        what = {int: "a whole number", float: "a number", bool: "true or false"}[kind]
        raise ValueError(f"{name} must be {what}, got {value!r}")
    if not low <= value <= high:  # type: ignore[operator]
        raise ValueError(f"{name} must lie in [{low}, {high}], got {value}")


def settings_on(
    model_type: str, changes: object, dataset: str = "", *, reference: bool = False
) -> ClickMapSettings:
    """A method's settings on a source dataset, with the changes of a config.json."""
    if not isinstance(changes or {}, dict):
        raise ValueError(f"must be an object of settings, got {changes!r}")
    as_paper = {"paste_in_old_box": True} if reference else {}
    return SETTINGS[model_type].on(dataset).changed(as_paper).changed(changes or {})  # type: ignore[arg-type]


_Changes = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class MethodSettings:
    """The published settings of one method, and those in which a source dataset differs."""

    settings: ClickMapSettings
    datasets: _Changes = field(default_factory=dict)

    def on(self, dataset: str) -> ClickMapSettings:
        """The settings for a source dataset, a key of `SOURCE_DATASETS`; ``""`` for any other."""
        return self.settings.changed(self.datasets.get(dataset, {}))


_FROM_CLICK_1 = {"tetris": {"skip_clicks": -1}}
_SQUARE = MethodSettings(ClickMapSettings((448, 448)), {"davis": {"size": (672, 672)}})
_SMALL = ClickMapSettings(
    (384, 384), skip_clicks=1, box_per_click=True, object_threshold=0.49, smallest_box=10
)

#: ``model_type`` of a network -> settings of the paper's evaluation.
SETTINGS: Mapping[str, MethodSettings] = MappingProxyType(
    {
        "rclicks_ritm": MethodSettings(
            ClickMapSettings(400, skip_clicks=1), {"davis": {"size": 600}, **_FROM_CLICK_1}
        ),
        "rclicks_simpleclick": _SQUARE,
        "rclicks_adaptive_click": _SQUARE,
        "rclicks_cfr_icl": replace(
            _SQUARE, settings=replace(_SQUARE.settings, first_click_passes=2)
        ),
        "rclicks_gpcis": MethodSettings(replace(_SMALL, flip=False), _FROM_CLICK_1),
        "rclicks_cdnet": MethodSettings(_SMALL, _FROM_CLICK_1),
    }
)
