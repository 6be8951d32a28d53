"""The demo: the whole package in one run, on simulated clicks."""

from rclicks_hf.demo.run import run_demo
from rclicks_hf.demo.settings import DemoSettings

__all__ = ["DemoSettings", "run_demo"]
