"""In which order the points make up the batches."""

from __future__ import annotations

SHUFFLED = "shuffled"
"""Anew in each epoch, as a function of the seed."""

FIXED = "fixed"
"""That of the data, in every epoch."""

BATCH_ORDERS = (SHUFFLED, FIXED)
