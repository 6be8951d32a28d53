"""Whether progress bars are wanted."""

from __future__ import annotations

import os


def is_quiet() -> bool:
    """True after ``--quiet``, or where the user set tqdm's own variable."""
    return os.environ.get("TQDM_DISABLE", "") not in ("", "0")
