"""Artefacts: folders of open formats, immutable, named by the hash of their content.

manifest.py  what a bundle holds and the hash of each file; refuses a damaged or foreign one
parts.py     a fitted pipeline's parts, saved and loaded through the registries
state.py     the data a pipeline reads while it answers: the log and the entities
"""
