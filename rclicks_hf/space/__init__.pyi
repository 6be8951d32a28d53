from .app import make_app as make_app
from .serving import serve as serve
from .settings import SpaceSettings as SpaceSettings

__all__ = ["SpaceSettings", "make_app", "serve"]
