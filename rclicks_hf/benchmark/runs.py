"""The runs of the benchmark by name: who clicks."""

from __future__ import annotations

from collections.abc import Sequence

from rclicks_hf.benchmark.groups import CLICKING_GROUPS
from rclicks_hf.benchmark.protocol import BenchmarkProtocol
from rclicks_hf.errors import RclicksError
from rclicks_hf.support.text.names import did_you_mean, names_of

BASELINE_RUN = "base"
#: Real users' first clicks, each alone (User@1 in the paper).
USER_RUN = "user"
#: As many first clicks, drawn from the whole click map (NUser@1 in the paper).
SAMPLED_RUN = "nuser"

#: Every run of the benchmark with the paper's groups, in the order of the rows.
RUNS: tuple[str, ...] = (BASELINE_RUN, *CLICKING_GROUPS, USER_RUN, SAMPLED_RUN)


def check_runs(runs: str | Sequence[str] | None, protocol: BenchmarkProtocol) -> tuple[str, ...]:
    """The runs in the order of the rows, if all exist; None means every run of the protocol."""
    known = (BASELINE_RUN, *protocol.groups, USER_RUN, SAMPLED_RUN)
    chosen = known if runs is None else names_of(runs)
    unknown = [run for run in chosen if run not in known]
    if unknown or not chosen:
        hint = did_you_mean(unknown[0], known) if unknown else ""
        problem = f"{unknown[0]} is not a run{hint}" if unknown else "none given"
        raise RclicksError(f"runs: {problem}; choose from {', '.join(known)}")
    return tuple(run for run in known if run in chosen)


def need_click_model(runs: Sequence[str]) -> bool:
    """Whether some run draws its clicks from a click map (all but the baseline and real users)."""
    return any(run not in (BASELINE_RUN, USER_RUN) for run in runs)
