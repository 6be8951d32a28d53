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
        "A program drew every click; nobody clicked.",
    ),
    Statement("dataCollectionType", "Crowdsourcing", "Simulation"),
    Statement(
        "dataCollectionRawData",
        f"Images and object masks of {', '.join(_TITLES[:-1])} and {_TITLES[-1]}; masks of later "
        "rounds predicted by interactive segmentation models, or distorted on purpose.",
        "Object masks, or random boxes where there are no images.",
    ),
    Statement(
        "dataPreprocessingProtocol",
        "Coordinates are truncated to whole pixels and clipped to the image; x_raw and y_raw hold "
        "the recorded values. Equal rows are kept.",
        "The same as for the real clicks.",
    ),
    Statement(
        "dataAnnotationProtocol",
        "One click per answer, with a mouse (pc) or by touch (mobile); about 48 answers per "
        "object in the first round, 34 in a later round.",
        "Clicks are drawn in the numbers per round and device that the dataset shows.",
    ),
    Statement(
        "annotatorDemographics",
        "Not published: no column identifies the annotator.",
        "None: there are no annotators.",
    ),
    Statement(
        "personalSensitiveInformation",
        "The clicks contain none. Images show people, and some file names of TETRIS contain a "
        "person's self-reported age, gender and country; they are kept as image identifiers.",
        "None.",
    ),
    Statement(
        "dataBiases",
        "Workers were told which object to select; people who choose freely may click elsewhere. "
        "Two thirds of the clicks are on TETRIS, most of whose images show people.",
        "The simulation agrees with people only in the statistics that it was fitted to.",
    ),
    Statement(
        "dataLimitations",
        "No times, no annotators, no click sequences of one annotator. Later rounds cover the "
        "masks of a few models.",
        "These clicks support no conclusions about people, devices or annotators.",
    ),
    Statement(
        "dataUseCases",
        "Benchmarks and training of interactive segmentation; models of where people click. Not "
        "for identifying or judging people.",
        "Trying the software, tests, speed measurements.",
    ),
    Statement(
        "dataSocialImpact",
        "Methods suited to how people really click need fewer corrections; methods tuned to these "
        "workers may suit others less well.",
        "None expected.",
    ),
    Statement(
        "dataReleaseMaintenancePlan",
        "Built from a pinned public commit; every config states a digest of its files.",
        "Generated from a seed; every config states a digest of its files.",
    ),
)


def statements(is_simulated: bool) -> dict[str, str]:
    """Field of the vocabulary -> statement, in the order of the table."""
    return {entry.field: entry.simulated if is_simulated else entry.real for entry in STATEMENTS}
