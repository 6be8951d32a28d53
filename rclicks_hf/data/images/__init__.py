"""Stores of images and masks: folders of the source datasets, or memory."""
