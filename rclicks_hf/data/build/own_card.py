"""The card of a dataset of your own clicks, without statements about the paper's clicks."""

from __future__ import annotations

from typing import Any

#: Source dataset of clicks that people recorded on their own pictures.
OWN_DATASET = "own"
OWN_TEMPLATE = "dataset_scripts/rclicks/own_card_template.md"
_OWN_FIELDS = {
    "pretty_name": "Own clicks",
    "license": "other",
    "license_name": "terms-of-the-owner",
}
_OF_THE_PAPER = ("annotations_creators", "source_datasets", "language")


def own_header(header: dict[str, Any]) -> dict[str, Any]:
    """The header of the card without what it says of the paper's clicks.

    Example:
        >>> own_header({"license": "mit", "rai:dataUseCases": "", "tags": ["arxiv:1", "clicks"]})
        {'license': 'other', 'tags': ['clicks'], 'pretty_name': 'Own clicks', ...}
    """
    kept = {
        key: value
        for key, value in header.items()
        if key not in _OF_THE_PAPER and not key.startswith("rai:")
    }
    tags = [tag for tag in header["tags"] if not tag.startswith("arxiv:")]
    return kept | {"tags": tags} | _OWN_FIELDS
