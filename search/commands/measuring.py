"""`--measures` of the commands that read: measures beside accuracy, computed as they are read."""

from __future__ import annotations

import click

from search.commands.options import Listed

measures_option = click.option(
    "--measures",
    type=Listed(),
    metavar="NAMES",
    help="Measures of the final weights: accuracy, loss, balanced_accuracy, auc, right_CLASS (its "
    "points that are right); with validation_ before the name, of the held-out points.",
)
