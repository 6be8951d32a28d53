from .page import collect_page as collect_page

__all__ = ["collect_page"]
