"""Predictions and references side by side, or a message that says which is missing."""

from __future__ import annotations

from typing import Any


def paired(predictions: Any, references: Any) -> list[tuple[Any, Any]]:
    """Predictions with their references.

    Raises:
        ValueError: If one is missing, or they differ in number.

    Example:
        >>> paired([1, 2], "ab")
        [(1, 'a'), (2, 'b')]
        >>> paired([1, 2], "a")
        Traceback (most recent call last):
        ...
        ValueError: predictions and references must be as many, got 2 and 1
    """
    for name, values in (("predictions", predictions), ("references", references)):
        if values is None:
            raise ValueError(f"{name} are missing")
    if len(predictions) != len(references):
        raise ValueError(
            "predictions and references must be as many, "
            f"got {len(predictions)} and {len(references)}"
        )
    return list(zip(predictions, references, strict=True))


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
