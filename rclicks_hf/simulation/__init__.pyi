from .annotators import click_density as click_density
from .annotators import simulate_clicks as simulate_clicks
from .full_size_copy import build_full_size_copy as build_full_size_copy
from .full_size_copy import full_size_clicks as full_size_clicks
from .scenes.generation import generate_scenes as generate_scenes
from .simulated_rounds import simulate_rounds as simulate_rounds

__all__ = [
    "build_full_size_copy",
    "click_density",
    "full_size_clicks",
    "generate_scenes",
    "simulate_clicks",
    "simulate_rounds",
]
