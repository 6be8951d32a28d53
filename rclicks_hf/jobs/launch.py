"""The place of this process in a launch of many: `accelerate launch -m rclicks_hf.benchmark`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Launch:
    """A launch of processes that share one results folder.

    Attributes:
        rank: Number of this process.
        processes: How many there are, on all nodes.

    Example:
        >>> Launch(0, 1).is_main, Launch(1, 2).is_main
        (True, False)
    """

    rank: int
    processes: int

    @property
    def is_main(self) -> bool:
        """Whether this process writes manifest and merged results; the others only help."""
        return self.rank == 0


@contextmanager
def join_launch() -> Iterator[Launch]:
    """Find out whether a launcher started this process, and leave the launch afterwards.

    The processes exchange nothing: who does which image is settled in the results folder.

    Yields:
        The launch; one of a single process where there was no launcher.

    Example:
        >>> with join_launch() as launch:
        ...     launch
        Launch(rank=0, processes=1)
    """
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        yield Launch(0, 1)
        return
    import torch
    from accelerate import PartialState

    state = PartialState(cpu=not torch.cuda.is_available())
    try:
        yield Launch(state.process_index, state.num_processes)
    finally:
        state.destroy_process_group()
