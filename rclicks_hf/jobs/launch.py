"""The place of this process in a launch of several: `accelerate launch -m rclicks_hf.benchmark`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rclicks_hf.jobs.processes import die_with_parent


@dataclass(frozen=True)
class Launch:
    """A launch of ``processes`` processes, on all nodes; this one has number ``rank``."""

    rank: int
    processes: int

    @property
    def is_main(self) -> bool:
        """Whether this process writes the manifest and merges the results; the others only help."""
        return self.rank == 0


@contextmanager
def join_launch() -> Iterator[Launch]:
    """Yield the launch that started this process (one of a single process without a launcher)."""
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        yield Launch(0, 1)
        return
    if "TORCHELASTIC_RUN_ID" in os.environ:  # a killed launcher leaves its processes behind
        die_with_parent()
    import torch
    from accelerate import PartialState

    state = PartialState(cpu=not torch.cuda.is_available())
    try:
        yield Launch(state.process_index, state.num_processes)
    finally:
        state.destroy_process_group()
