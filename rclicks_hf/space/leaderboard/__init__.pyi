from .page import leaderboard_page as leaderboard_page

__all__ = ["leaderboard_page"]
