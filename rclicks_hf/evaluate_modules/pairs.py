"""Predictions and references side by side, or a message that says which is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def paired(predictions: Any, references: Any) -> list[tuple[Any, Any]]:
    """Predictions with their references.

    Raises:
        ValueError: If one is missing or no list, or they differ in number.

    Example:
        >>> paired([1, 2], "ab")
        [(1, 'a'), (2, 'b')]
        >>> paired([1, 2], "a")
        Traceback (most recent call last):
        ...
        ValueError: predictions and references must be as many, got 2 and 1
    """
    predictions, references = listed(predictions, "predictions"), listed(references, "references")
    if len(predictions) != len(references):
        raise ValueError(
            "predictions and references must be as many, "
            f"got {len(predictions)} and {len(references)}"
        )
    return list(zip(predictions, references, strict=True))


def listed(values: Any, name: str) -> list[Any]:
    """Inputs as a list, one entry an instance.

    Raises:
        ValueError: If they are missing, or cannot be gone through.

    Example:
        >>> listed(3, "predictions")
        Traceback (most recent call last):
        ...
        ValueError: predictions must be a list, one entry an instance, got int
    """
    if values is None:
        raise ValueError(f"{name} are missing")
    try:
        return list(values)
    except TypeError:
        raise ValueError(
            f"{name} must be a list, one entry an instance, got {type(values).__name__}"
        ) from None


def require_instances(predictions: Sequence[Any]) -> None:
    """Refuse a mean over nothing.

    Raises:
        ValueError: If no instance was added.

    Example:
        >>> require_instances([])
        Traceback (most recent call last):
        ...
        ValueError: no instances were added, so there is no mean
    """
    if len(predictions) == 0:
        raise ValueError("no instances were added, so there is no mean")


def single(prediction: Any, reference: Any, others: dict[str, Any]) -> dict[str, Any]:
    """The arguments of ``add`` as those of ``add_batch``.

    ``evaluate.combine`` passes single values under the plural names too.

    Example:
        >>> single(1, None, {})
        {'predictions': [1], 'references': None}
        >>> single(None, None, {"predictions": 1, "references": 2})
        {'predictions': [1], 'references': [2]}
    """
    values = {"predictions": prediction, "references": reference, **others}
    return {key: None if value is None else [value] for key, value in values.items()}
