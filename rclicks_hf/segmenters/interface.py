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
from numbers import Real
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

    A segmenter may also say ``batched = True``, if one call with many trajectories costs no more
    than as many calls with one, and less on a GPU; see `is_batched`.
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


def is_batched(segmenter: Segmenter) -> bool:
    """Whether a segmenter gains by many trajectories in one call, as it says itself.

    Args:
        segmenter: The method.

    Returns:
        Its attribute ``batched``; False where it has none. Then it is called as well with many as
        with one: the results are the same, and whoever calls it need not collect trajectories.

    Example:
        >>> is_batched(load_segmenter("geocut"))
        False
    """
    return bool(getattr(segmenter, "batched", False))


def check_image(image: np.ndarray) -> None:
    """Refuse what is not an image.

    Args:
        image: (H, W, 3) uint8 RGB.

    Raises:
        ValueError: If ``image`` is not (H, W, 3) uint8 with at least one pixel.

    Example:
        >>> check_image(np.zeros((4, 4), np.uint8))
        Traceback (most recent call last):
        ...
        ValueError: image must be (H, W, 3) uint8, got shape (4, 4), dtype uint8
    """
    if not isinstance(image, np.ndarray):
        raise ValueError(f"image must be an (H, W, 3) uint8 array, got {type(image).__name__}")
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
        raise ValueError(
            f"image must be (H, W, 3) uint8, got shape {image.shape}, dtype {image.dtype}"
        )


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
        spec: A name in `SEGMENTERS`; the folder or Hub repo of a SAM or SAM 2 network of
            `transformers`; or ``"module:Class"`` for one of your own: the class is called without
            arguments. The module is looked for where Python looks, and in the working folder.

    Returns:
        The segmenter.

    Raises:
        RclicksError: If there is no such segmenter, it cannot be made, it lacks a part of the
            protocol, or its name or threshold cannot be.

    Example:
        >>> load_segmenter("geocut").name
        'geocut'
    """
    if spec in SEGMENTERS:
        return SEGMENTERS[spec]()
    # A Hub repo is "owner/name"; a folder may hold a colon.
    if Path(spec).is_dir() or (":" not in spec and spec.count("/") == 1):
        return _load_pretrained(spec)
    if ":" not in spec:
        raise RclicksError(
            f"{spec}: no such segmenter; choose {', '.join(SEGMENTERS)}, give the folder or Hub "
            "repo of a SAM or SAM 2 network, or your own as module:Class"
        )
    return _check_parts(_call(spec), spec)


def _load_pretrained(spec: str) -> Segmenter:
    from rclicks_hf.segmenters.prompt.loading import load_pretrained_segmenter

    return load_pretrained_segmenter(spec)


def _call(spec: str) -> Any:
    """Make an object of somebody's class; what their code raises is told in one line."""
    module_name, _, class_name = spec.partition(":")
    try:
        module = _import(module_name)
    except ImportError as error:
        raise RclicksError(
            f"{spec}: cannot import {module_name} ({error}); run it from the folder of that module"
        ) from error
    except (Exception, SystemExit) as error:  # a script without `if __name__ == "__main__":`
        raise RclicksError(
            f"{spec}: importing {module_name} raised {in_one_line(error)}; mend that"
        ) from error
    make = getattr(module, class_name, None)
    if make is None:
        raise RclicksError(f"{spec}: {module_name} has no {class_name}; check the name")
    try:
        return make()
    except TypeError as error:
        raise RclicksError(
            f"{spec}: cannot be made without arguments ({error}); give defaults to all of them"
        ) from error
    except (Exception, SystemExit) as error:
        raise RclicksError(f"{spec}: making it raised {in_one_line(error)}; mend that") from error


def in_one_line(error: BaseException) -> str:
    r"""Type and text of what somebody's code raised.

    Args:
        error: The exception.

    Returns:
        ``"Type: text"`` without line breaks.

    Example:
        >>> in_one_line(RuntimeError("out of\nmemory"))
        'RuntimeError: out of memory'
    """
    return " ".join(f"{type(error).__name__}: {error}".split())


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
    wrong = wrong_parts(segmenter)
    if wrong:
        raise RclicksError(f"{spec}: {wrong}; mend that")
    return segmenter


def wrong_parts(segmenter: Segmenter) -> str:
    """What is wrong with a segmenter's name or threshold.

    Args:
        segmenter: The method.

    Returns:
        One line, ``""`` where both can be.

    Example:
        >>> from types import SimpleNamespace
        >>> wrong_parts(SimpleNamespace(name="disk", threshold=5))
        'threshold must be a number in (0, 1), got 5'
    """
    name, threshold = segmenter.name, segmenter.threshold
    if not isinstance(name, str) or not name:
        return f"name must be a non-empty text, got {name!r}"
    if not isinstance(threshold, Real) or not 0 < threshold < 1:
        return f"threshold must be a number in (0, 1), got {threshold!r}"
    return ""
