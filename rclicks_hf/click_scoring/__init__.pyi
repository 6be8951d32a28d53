from .score_rows import ScoreSettings as ScoreSettings
from .score_run import read_click_scores as read_click_scores
from .score_run import run_click_scores as run_click_scores
from .score_summary import ClickModelMeans as ClickModelMeans
from .score_summary import ScoreDifference as ScoreDifference
from .score_summary import ScoreTable as ScoreTable
from .score_summary import summarise_scores as summarise_scores
from .score_tables import score_repo as score_repo
from .score_text import format_score_tables as format_score_tables

__all__ = [
    "ClickModelMeans",
    "ScoreDifference",
    "ScoreSettings",
    "ScoreTable",
    "format_score_tables",
    "read_click_scores",
    "run_click_scores",
    "score_repo",
    "summarise_scores",
]
