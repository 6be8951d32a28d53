from rclicks_hf.evaluate_modules import launch_space

launch_space(__file__)
