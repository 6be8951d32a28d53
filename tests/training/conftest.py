"""Fixtures: a tiny clickability network, and instances without files."""

from helpers.clickability_fixtures import config as config
from helpers.clickability_fixtures import instances as instances
from helpers.clickability_fixtures import model as model
from helpers.clickability_fixtures import model_folder as model_folder
from helpers.clickability_fixtures import processor as processor
