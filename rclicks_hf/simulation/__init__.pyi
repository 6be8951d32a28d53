from .annotators import click_density as click_density
from .annotators import simulate_clicks as simulate_clicks
from .full_size_copy import twin_clicks as twin_clicks
from .scenes.generation import generate_scenes as generate_scenes
from .simulated_rounds import simulate_rounds as simulate_rounds

__all__ = ["click_density", "generate_scenes", "simulate_clicks", "simulate_rounds", "twin_clicks"]
