"""How to cite the paper, for cards, metric modules and reports."""

AUTHORS = (
    "Anton Antonov",
    "Andrey Moskalenko",
    "Denis Shepelev",
    "Alexander Krapukhin",
    "Konstantin Soshin",
    "Anton Konushin",
    "Vlad Shakhuro",
)
_TITLE = "RClicks: Realistic Click Simulation for Benchmarking Interactive Segmentation"
PAPER_DATE = "2024-12-10"  # the first day of the conference
PAPER_ADDRESS = "https://arxiv.org/abs/2410.11722"
PAPER_CODE_ADDRESS = "https://github.com/emb-ai/rclicks"

#: Where paper, code and dataset are.
LINKS = {
    "paper": "https://arxiv.org/abs/2410.11722",
    "the paper's code": "https://github.com/emb-ai/rclicks",
    "the click dataset": "https://github.com/emb-ai/rclicks/blob/main/datasets/clicks.csv",
}

PAPER_TEXT = f"{', '.join(AUTHORS)}. {_TITLE}. NeurIPS 2024, Datasets and Benchmarks Track."

PAPER_BIBTEX = f"""@inproceedings{{antonov2024rclicks,
  title     = {{{_TITLE}}},
  author    = {{{" and ".join(AUTHORS)}}},
  booktitle = {{Advances in Neural Information Processing Systems}},
  year      = {{2024}}
}}"""
