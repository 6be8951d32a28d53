"""`rclicks evaluate-clicks` as a module: `accelerate launch -m rclicks_hf.click_scoring ...`."""

from __future__ import annotations

import sys

from rclicks_hf.cli import main

if __name__ == "__main__":
    sys.argv[:1] = ["rclicks", "evaluate-clicks"]
    main()
