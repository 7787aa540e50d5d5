"""Sums, products and the like over an axis of a batch, by halves."""

from __future__ import annotations

from collections.abc import Callable

from search.training.backend import tf

Combine = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def over_batch(combine: Combine, terms: tf.Tensor) -> tf.Tensor:
    """What `combine` makes of all terms along the first axis, by halves.

    Not `reduce_sum`: XLA lets the additions of a reduction change places, so LLVM vectorises along
    the batch, gathering 16 numbers from 16 rows for each lane, and the step takes 1.8 times as
    long. Halves are whole rows, and LLVM vectorises along the lanes. They round less, too.
    """
    rest = None
    while (count := terms.shape[0]) > 1:
        if count % 2:
            rest = terms[-1] if rest is None else combine(rest, terms[-1])
            terms = terms[:-1]
        terms = combine(*tf.split(terms, 2))
    return terms[0] if rest is None else combine(terms[0], rest)


def over_units(combine: Combine, terms: tf.Tensor) -> tf.Tensor:
    """The same along the second of three axes, which stays, of length 1."""
    rest = None
    while (count := terms.shape[1]) > 1:
        if count % 2:
            rest = terms[:, -1:] if rest is None else combine(rest, terms[:, -1:])
            terms = terms[:, :-1]
        terms = combine(*tf.split(terms, 2, axis=1))
    return terms if rest is None else combine(terms, rest)
