"""What can be wrong with a database, each as one line for a person."""

from __future__ import annotations


class RecordError(Exception):
    """The record cannot be read or written: the message is one line that says what to do."""


class RecordFailedError(RecordError):
    """The database failed while it was in use: a full disk, a file that may not be written."""
