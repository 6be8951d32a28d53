"""Build the RClicks dataset repo: ``python build.py --clicks clicks.csv --sources DIR``.

The options are those of ``rclicks build``, which this script calls.
"""

from __future__ import annotations

import sys

from rclicks_hf.cli import main

if __name__ == "__main__":
    sys.argv.insert(1, "build")
    main()
