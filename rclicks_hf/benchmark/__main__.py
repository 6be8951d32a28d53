"""`rclicks benchmark` as a module, for `accelerate launch -m rclicks_hf.benchmark ...`."""

from __future__ import annotations

import sys

from rclicks_hf.cli import main

if __name__ == "__main__":
    sys.argv[:1] = ["rclicks", "benchmark"]
    main()
