"""Notes that multirestart writes into Optuna's dashboard, and how it knows them again.

A note ends with a line that names its writer and holds a digest of what stands above it. As long
as the two agree nobody has edited it, and it may be written anew; any other note is a person's.
"""

from __future__ import annotations

import hashlib
import re

from search.problem.names import share_text, span_text
from search.problem.rows import TrialSummary
from search.problem.success import Success
from search.statistics.escape import EscapeRate
from search.statistics.objectives import median_escape_epoch
from storage.values import Trial, TrialState

WRITER = "*Written by multirestart, which keeps this note up to date until somebody edits it."
_MARKED = re.compile(rf"(.*)\n\n{re.escape(WRITER)} ([0-9a-f]{{16}})\*\s*", re.DOTALL)
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$&:])")


def signed(text: str) -> str:
    """A note with the line by which it is known again."""
    return f"{text}\n\n{WRITER} {_digest(text)}*"


def is_ours(note: str) -> bool:
    """Whether a note was written by multirestart and not edited since."""
    found = _MARKED.fullmatch(note)
    return found is not None and found[2] == _digest(found[1])


def plain(text: str) -> str:
    """A text of any characters as Markdown that shows those characters, in one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def trial_note(trial: Trial, summary: TrialSummary | None, name: str, success: Success) -> str:
    """What the note on a trial says: how many of its restarts succeeded, and how they ended.

    Args:
        trial: The trial, complete or given up.
        summary: Its restarts, counted; None if it was given up.
        name: The name of its configuration.
        success: What the study seeks: to escape or to solve.
    """
    if trial.state is TrialState.GIVEN_UP or summary is None:
        reason = plain(trial.reason or "no reason is kept")
        return f"**Given up:** {reason}. It counts in no figure."
    count = summary.escaped if success.is_of_launch else summary.solved
    rate = EscapeRate(count, summary.restarts)
    low, high = rate.interval
    left = summary.restarts - summary.escaped - summary.diverged
    lines = [
        f"**{rate} restarts {success.past}** under `{name}`: a rate of {share_text(rate.rate)} "
        f"(95% interval {span_text(low, high)}).",
        "",
        "| ended | restarts |",
        "| :-- | --: |",
        f"| solved | {summary.solved} |",
        f"| escaped, not solved | {summary.escaped - summary.solved} |",
        f"| not escaped by the last epoch | {left} |",
        f"| diverged | {summary.diverged} |",
        "",
    ]
    median = median_escape_epoch(summary)
    if median is not None:
        lines.append(f"Of those that escaped, half had by epoch {median:g}.")
    if summary.best is not None:
        best = summary.best
        lines.append(
            f"The lowest loss is that of seed {best.seed}: {best.loss:.4g}, with accuracy "
            f"{share_text(best.accuracy, 4)}."
        )
    seeds = trial.seeds
    lines.append(
        f"The seeds are {seeds.start} to {seeds.stop - 1}. The study's note pools this trial with "
        "all others of its configuration."
    )
    return "\n".join(lines)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
