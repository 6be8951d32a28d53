"""Hub folders (metric modules, card templates): in the wheel, or in the checkout."""

from __future__ import annotations

from pathlib import Path

from rclicks_hf.errors import RclicksError

_PACKAGE = Path(__file__).resolve().parents[2]


def resource_path(name: str) -> Path:
    """Path of a shipped folder or file outside the Python code, named as in the repository.

    Example:
        >>> resource_path("metrics/rclicks_ks").name
        'rclicks_ks'
    """
    for root in (_PACKAGE / "_assets", _PACKAGE.parent):
        if (root / name).exists():
            return root / name
    raise RclicksError(f"{name}: missing from this installation of rclicks-hf; install it again")
