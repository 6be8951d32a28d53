"""Statements for the fields of Croissant's Responsible AI vocabulary.

They say only what the paper and its public files say, and name what these leave open.
"""

from __future__ import annotations

from typing import NamedTuple

from rclicks_hf.data.schema import SOURCE_DATASETS

_TITLES = [entry.title for entry in SOURCE_DATASETS.values() if not entry.is_simulated]
VOCABULARY = "http://mlcommons.org/croissant/RAI/1.0"


class Statement(NamedTuple):
    """One field of the vocabulary, without its prefix, and its text for real or simulated data."""

    field: str
    real: str
    simulated: str


STATEMENTS = (
    Statement(
        "dataCollection",
        "Crowd workers were shown an object cut out of its image, then the image, and clicked on "
        "the object; in later rounds they were shown a mask with errors and clicked on an error.",
        "A program drew every click; nobody was asked.",
    ),
    Statement("dataCollectionType", "Crowdsourcing", "Simulation"),
    Statement(
        "dataCollectionRawData",
        f"Images and object masks of {', '.join(_TITLES[:-1])} and {_TITLES[-1]}; masks of later "
        "rounds by interactive-segmentation models, or distorted on purpose.",
        "Object masks, or boxes drawn at random where there are no images.",
    ),
    Statement(
        "dataPreprocessingProtocol",
        "Coordinates are cut to whole pixels and clipped to the image; x_raw and y_raw keep what "
        "was recorded. Equal rows are kept.",
        "As for the real clicks.",
    ),
    Statement(
        "dataAnnotationProtocol",
        "One click an answer, with a mouse (pc) or by touch (mobile); about 48 answers an object "
        "in the first round, 34 in a later one.",
        "Clicks are drawn with the numbers a round and device that the dataset shows.",
    ),
    Statement(
        "annotatorDemographics",
        "Not published: no column tells one person from another.",
        "None: there are no annotators.",
    ),
    Statement(
        "personalSensitiveInformation",
        "Clicks hold none. Images show people, and some file names of TETRIS hold a person's "
        "self-reported age, gender and country; they are kept, since they name the images.",
        "None.",
    ),
    Statement(
        "dataBiases",
        "Workers were told which object to select; someone who chooses freely may click elsewhere. "
        "Two thirds of the clicks are on TETRIS, most of whose images show people.",
        "The simulation agrees with people only in the statistics that it was fitted to.",
    ),
    Statement(
        "dataLimitations",
        "No time, no user, no sequence of one person's clicks. Later rounds answer to the masks of "
        "a few models.",
        "Nothing about people, devices or annotators follows from these clicks.",
    ),
    Statement(
        "dataUseCases",
        "Benchmarks and training of interactive segmentation, models of where people click. Not "
        "for identifying or judging people.",
        "Trying the software, tests and benchmarks of speed.",
    ),
    Statement(
        "dataSocialImpact",
        "Methods that serve how people really click need fewer corrections; methods tuned to these "
        "workers may serve others less well.",
        "None expected.",
    ),
    Statement(
        "dataReleaseMaintenancePlan",
        "Built from a pinned public commit; every config carries a digest of its files.",
        "Generated from a seed; every config carries a digest of its files.",
    ),
)


def statements(is_simulated: bool) -> dict[str, str]:
    """Field of the vocabulary -> statement, in the order of the table."""
    return {entry.field: entry.simulated if is_simulated else entry.real for entry in STATEMENTS}
