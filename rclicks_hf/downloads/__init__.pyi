from .preparing import download as download
from .public_items import ITEMS as ITEMS
from .public_items import PublicItem as PublicItem

__all__ = ["ITEMS", "PublicItem", "download"]
