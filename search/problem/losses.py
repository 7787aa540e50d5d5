"""What a restart minimises, by short names for Keras's own losses."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from search.problem.errors import Fault, InvalidValuesError, check_known

LOSSES: Mapping[str, tuple[str, str | None]] = MappingProxyType(
    {
        "crossentropy": ("binary_crossentropy", "sparse_categorical_crossentropy"),
        "mse": ("mean_squared_error", None),
    }
)
"""Short name -> Keras's name for two classes, and for more if it is offered for them."""


def keras_loss(loss: str, outputs: int) -> str:
    """Keras's name of a loss.

    Args:
        loss: One of `LOSSES`.
        outputs: Output units of the network: 1 for a sigmoid, more for a softmax.

    Returns:
        What `compile(loss=...)` takes.

    Raises:
        InvalidValuesError: If the loss is unknown, or not offered for so many outputs.
    """
    check_known("loss_function", loss, LOSSES)
    of_two, of_more = LOSSES[loss]
    if outputs == 1:
        return of_two
    if of_more is None:
        offered = ", ".join(name for name, (_, more) in LOSSES.items() if more)
        rule = f"must be {offered} where there are more than two classes"
        raise InvalidValuesError(
            [Fault("loss_function", rule, repr(loss), cure=(("loss_function", offered),))]
        )
    return of_more
