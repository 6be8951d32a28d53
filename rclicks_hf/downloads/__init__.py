"""Everything public that the project can use: fetched, checked, unpacked, made ready to use."""

import lazy_loader

# The stub is also what type checkers see, so one list of names serves both.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
