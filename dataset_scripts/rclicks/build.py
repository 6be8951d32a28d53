"""Build the RClicks dataset repo: ``python build.py --clicks clicks.csv --sources DIR``.

``rclicks build`` is the same command.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rclicks_hf.data.build.command import build_repo
from rclicks_hf.errors import RclicksError


def main(arguments: Sequence[str] | None = None) -> int:
    """Build from the command line's arguments; 0 on success, 1 with one line of explanation."""
    parser = argparse.ArgumentParser(description="Build the RClicks dataset repo.")
    parser.add_argument("--clicks", type=Path, help="the click table, clicks.csv")
    parser.add_argument(
        "--sources", type=Path, help="folder with GrabCut/, Berkeley/, ...; without it, no pictures"
    )
    parser.add_argument("--out", type=Path, default=Path("rclicks"), help="folder to make")
    parser.add_argument("--replace", action="store_true", help="swap an older build out")
    parser.add_argument("--download", action="store_true", help="fetch the published files first")
    parser.add_argument(
        "--twin", action="store_true", help="simulated clicks in the published numbers instead"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of --twin")
    parser.add_argument(
        "--on-error", choices=("stop", "skip"), default="stop", help="for a line that is not sound"
    )
    options = parser.parse_args(arguments)
    try:
        report = build_repo(
            options.clicks,
            options.sources,
            options.out,
            replace=options.replace,
            download=options.download,
            twin_seed=options.seed if options.twin else None,
            skip_errors=options.on_error == "skip",
        )
    except RclicksError as error:
        print(error, file=sys.stderr)
        return 1
    print(report)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
