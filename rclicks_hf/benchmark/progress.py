"""What a user sees while images are benchmarked: instances done, time left, seconds a click."""

from __future__ import annotations

from types import TracebackType

from tqdm.auto import tqdm

from rclicks_hf.benchmark.worker import ImageOutcome


class Progress:
    """A progress bar over instances.

    Args:
        title: What is benchmarked.
        total: Number of instances.
        done: How many of them were there at the start.
        shown: False shows nothing.

    Example:
        >>> from rclicks_hf.benchmark.instance_sets import ImageTask
        >>> with Progress("geocut on davis", total=3, done=1, shown=False) as progress:
        ...     progress.add(ImageOutcome(ImageTask("a", (0,), ("a",)), clicks=20, seconds=5.0))
        ...     progress.text
        '0.250 s/click'
    """

    def __init__(self, title: str, total: int, done: int, shown: bool) -> None:
        self._bar = tqdm(total=total, initial=done, desc=title, unit="instance", disable=not shown)
        self._clicks, self._seconds, self._failures = 0, 0.0, 0

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.close()

    @property
    def text(self) -> str:
        """Mean seconds a click, and the failures if there are any."""
        text = f"{self._seconds / max(self._clicks, 1):.3f} s/click"
        return f"{text}, {self._failures} failed" if self._failures else text

    def add(self, outcome: ImageOutcome) -> None:
        """Count one image as done."""
        self._clicks += outcome.clicks
        self._seconds += outcome.seconds
        self._failures += outcome.failures
        self._bar.set_postfix_str(self.text)
        self._bar.update(len(outcome.task.stems))
