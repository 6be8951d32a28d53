"""What an interactive segmentation method has to offer, and how one is found by name.

Any class with ``name``, ``threshold``, ``encode`` and ``predict`` is a segmenter; nothing has to be
inherited::

    class Disk:
        name = "disk"
        threshold = 0.5

        def encode(self, image):
            return image.shape[:2]

        def predict(self, state, clicks, previous):
            return [Prediction(draw(state, trajectory)) for trajectory in clicks]
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from rclicks_hf.data.instances import Click
from rclicks_hf.errors import RclicksError


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a segmenter makes of one trajectory's clicks.

    Attributes:
        probability: (H, W) float32 in [0, 1], of the image's size; the object is where it lies
            above the segmenter's ``threshold``.
        memory: Whatever the segmenter wants back with the trajectory's next clicks, for example
            its previous mask; None where it needs nothing. It must not be changed afterwards.

    Example:
        >>> prediction = Prediction(np.array([[0.2, 0.9]], np.float32))
        >>> (prediction.probability > load_segmenter("geocut").threshold).tolist()
        [[False, True]]
    """

    probability: np.ndarray
    memory: Any = None


@runtime_checkable
class Segmenter(Protocol):
    """An interactive segmentation method.

    Attributes:
        name: What tables call it.
        threshold: The object is where the probability is above this, in (0, 1).
    """

    name: str
    threshold: float

    def encode(self, image: np.ndarray) -> Any:
        """Do once for an image all that does not depend on the clicks.

        Args:
            image: (H, W, 3) uint8 RGB.

        Returns:
            The state that `predict` takes; any number of trajectories share it, so `predict` must
            not change it.
        """
        ...

    def predict(
        self,
        state: Any,
        clicks: Sequence[Sequence[Click]],
        previous: Sequence[Any],
    ) -> list[Prediction]:
        """Segment one image for many independent trajectories at once.

        Args:
            state: What `encode` returned.
            clicks: For each trajectory ALL its clicks so far, oldest first, at least one.
            previous: For each trajectory the ``memory`` of its last prediction, None at its start.

        Returns:
            One prediction a trajectory, each independent of which others are in the call.
        """
        ...


def _geocut() -> Segmenter:
    from rclicks_hf.segmenters.geocut import GeoCut

    return GeoCut()


#: Name -> a callable that makes the segmenter.
SEGMENTERS: dict[str, Callable[[], Segmenter]] = {"geocut": _geocut}

_PARTS = {"name": "a name", "threshold": "a threshold"}
_METHODS = ("encode", "predict")


def load_segmenter(spec: str) -> Segmenter:
    """Make a segmenter from its name.

    Args:
        spec: A name in `SEGMENTERS`, or ``"module:Class"`` for one of your own: the class is called
            without arguments. The module is looked for where Python looks, and in the working
            folder.

    Returns:
        The segmenter.

    Raises:
        RclicksError: If there is no such segmenter, or it lacks a part of the protocol.

    Example:
        >>> load_segmenter("geocut").name
        'geocut'
    """
    if spec in SEGMENTERS:
        return SEGMENTERS[spec]()
    if ":" not in spec:
        raise RclicksError(
            f"{spec}: no such segmenter; choose {', '.join(SEGMENTERS)} or give your own as "
            "module:Class"
        )
    return _check_parts(_call(spec), spec)


def _call(spec: str) -> Any:
    module_name, _, class_name = spec.partition(":")
    try:
        make = getattr(_import(module_name), class_name)
    except ImportError as error:
        raise RclicksError(
            f"{spec}: cannot import {module_name} ({error}); run it from the folder of that module"
        ) from error
    except AttributeError as error:
        raise RclicksError(f"{spec}: {module_name} has no {class_name}; check the name") from error
    try:
        return make()
    except TypeError as error:
        raise RclicksError(
            f"{spec}: cannot be made without arguments ({error}); give defaults to all of them"
        ) from error


def _import(module_name: str) -> Any:
    """Import a module; a console script does not have the working folder on its path."""
    here = str(Path.cwd())
    if here not in sys.path and "" not in sys.path:
        sys.path.append(here)
    return importlib.import_module(module_name)


def _check_parts(segmenter: Any, spec: str) -> Segmenter:
    missing = [what for part, what in _PARTS.items() if not hasattr(segmenter, part)]
    missing += [f"{m}()" for m in _METHODS if not callable(getattr(segmenter, m, None))]
    if missing:
        raise RclicksError(f"{spec}: not a segmenter, it lacks {', '.join(missing)}; add that")
    return segmenter
