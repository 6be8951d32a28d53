"""Collect: annotators click on objects in your own images."""

import lazy_loader

# Names and types of the exports: __init__.pyi. Each is imported on first use (PEP 562).
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
