"""The command as a module: `python -m rclicks_hf.cli`."""

from rclicks_hf.cli import main

if __name__ == "__main__":
    main()
