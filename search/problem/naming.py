"""What a configuration is called on the command line: `standard/adam/0.1`."""

from __future__ import annotations

from collections.abc import Sequence

from search.problem.configuration import Configuration
from search.problem.errors import UserError, unknown_name

_NAMES_IN_A_MESSAGE = 16


def configuration_name(configuration: Configuration) -> str:
    """The name of a configuration, with its learning rate in full precision."""
    rate = f"{configuration.learning_rate:.15g}"
    exact = (
        rate if float(rate) == configuration.learning_rate else repr(configuration.learning_rate)
    )
    return f"{configuration.scaling}/{configuration.optimizer}/{exact}"


def find_configuration(name: str, known: Sequence[Configuration]) -> Configuration:
    """The configuration of a name, whatever its learning rate is written like: 0.1, 1e-1 or .1.

    A learning rate may be rounded to the four digits that tables show if that tells it apart.
    Raises UserError that names the nearest and the known ones if there is none.
    """
    scaling, _, rest = name.partition("/")
    optimizer, _, rate = rest.partition("/")
    alike = [key for key in known if (key.scaling, key.optimizer) == (scaling, optimizer)]
    try:
        wanted = float(rate)
    except ValueError:
        alike = []
    for same in (
        [key for key in alike if key.learning_rate == wanted],
        [key for key in alike if float(f"{key.learning_rate:.4g}") == wanted],
    ):
        if len(same) == 1:
            return same[0]
    error = unknown_name("configuration", name, map(configuration_name, known))
    if len(known) > _NAMES_IN_A_MESSAGE:  # a range of learning rates: as many as there are trials
        nearest = str(error).partition("it must be one of")[0]
        raise UserError(f"{nearest}the ranking of all {len(known)} shows them")
    raise error
