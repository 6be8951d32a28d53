"""Where the Hub folders (metric modules, card templates) lie: in the wheel or in the checkout."""

from __future__ import annotations

from pathlib import Path

from rclicks_hf.errors import RclicksError

_PACKAGE = Path(__file__).resolve().parents[1]


def resource_path(name: str) -> Path:
    """Path of a shipped folder or file outside the Python code.

    Args:
        name: Path as it is in the repo, for example ``"metrics/rclicks_ks"`` or
            ``"model_card/template.md"``.

    Returns:
        The path inside the installed wheel, or in the checkout when running from one.

    Raises:
        RclicksError: If the installation lacks it.

    Example:
        >>> resource_path("metrics/rclicks_ks").name
        'rclicks_ks'
    """
    for root in (_PACKAGE / "_assets", _PACKAGE.parent):
        if (root / name).exists():
            return root / name
    raise RclicksError(f"{name}: missing from this installation of rclicks-hf; install it again")
