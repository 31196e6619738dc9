"""Step 3: sources, labels, splits and requests; the catalogue of public data sets and simulated worlds.

formats     a file's columns                    sources    a table by the document's path, with errors that say where
catalogue   public data sets, fetched           movielens, originals   from their own files to tidy tables
times       any clock → µs                      entities   ids → codes, attributes aligned
loading     a design → `Data`                   labels     the label's expression over a table
splits      where time is cut                   requests   who asked when, and what was relevant
worlds      simulated data with known truth     draft      a first document for a table of one's own
"""

from __future__ import annotations

from sevenfold.data import requests, splits
from sevenfold.data.labels import expression_mask
from sevenfold.data.loading import load

__all__ = ["expression_mask", "load", "requests", "splits"]
