"""What can be wrong with a database."""

from __future__ import annotations

from search.problem.errors import MultirestartError


class RecordError(MultirestartError):
    """The record cannot be read or written."""


class NothingStoredError(RecordError):
    """There is no database, or no study in it."""


class RecordFailedError(RecordError):
    """The database failed while it was in use: a full disk, a file that may not be written."""


class ConnectionLostError(RecordFailedError):
    """The connection to the database's server broke, or there is none to be had.

    What was in a transaction then is kept whole or not at all, and which of these is not known.
    """
