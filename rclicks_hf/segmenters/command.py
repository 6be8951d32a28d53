"""What `rclicks check-segmenter` prints: a row a check, with a tick or what was wrong."""

from __future__ import annotations

from rclicks_hf.errors import RclicksError
from rclicks_hf.segmenters.conformance import ConformanceCheck, check_segmenter
from rclicks_hf.segmenters.interface import load_segmenter
from rclicks_hf.support.text_table import plain_table


def check_spec(spec: str) -> tuple[str, bool]:
    """Load a segmenter and try it.

    Args:
        spec: As `load_segmenter` takes it.

    Returns:
        The table of checks as text, and whether all went well. What the segmenter's own code
        raises stands in its row.

    Example:
        >>> text, ok = check_spec("geocut")
        >>> print(text.splitlines()[2], ok)
        ✓  can be loaded True
    """
    checks = _checks(spec)
    cells = [["✓" if check.ok else "✗", check.name, check.detail] for check in checks]
    ok = all(check.ok for check in checks)
    verdict = "the benchmark can use it" if ok else "the benchmark cannot use it yet"
    return f"{plain_table([['', 'check', 'finding'], *cells], left=3)}\n\n{spec}: {verdict}", ok


def _checks(spec: str) -> list[ConformanceCheck]:
    name = "can be loaded"
    try:
        segmenter = load_segmenter(spec)
    except RclicksError as error:
        return [ConformanceCheck(name, False, str(error))]
    return [ConformanceCheck(name, True), *check_segmenter(segmenter)]
