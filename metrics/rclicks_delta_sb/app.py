from pathlib import Path

from rclicks_hf.evaluate_modules import launch_space

launch_space(Path(__file__).with_name("rclicks_delta_sb.py"))
