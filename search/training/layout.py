"""How the points reach the lanes of a tile: laid out in each lane's own order, or by an index.

A step trains on rows that all lanes have in common; behind a row stands another point in each lane.
Laid out, a row holds the points themselves: one contiguous copy. That takes memory for every lane,
so many features or very many points are looked up instead, and a row holds their numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from search.problem.network import Network
from search.training.backend import tf
from search.training.batches import SEEDS_PER_BLOCK, own_orders_per_seed
from search.training.gradient import Batch, is_wide
from search.training.losses import targets

_BYTES = 2**28  # of the rows of a tile
_WIDTHS = ((16, SEEDS_PER_BLOCK), (64, SEEDS_PER_BLOCK // 2))
"""Weights up to which a network is trained so many lanes wide; others have a quarter of a block."""
_FEW_LANES = 64  # fewer than that and looking points up is faster


@dataclass(frozen=True)
class Layout:
    """Which rows a tile of `lanes` restarts reads its points from.

    There is a row for each place in each of a seed's own orders and, last, one of padding, which
    weighs nothing. Its features are those of a point: made-up ones could overflow where no point
    does. A row has the point's weight in the loss too if `is_weighted`.
    """

    network: Network
    points: int
    lanes: int
    is_weighted: bool = False

    @property
    def rows(self) -> int:
        """Rows before the padding."""
        return own_orders_per_seed(self.points) * self.points

    @property
    def is_indexed(self) -> bool:
        """Whether rows hold the numbers of points and not the points themselves."""
        size = 4 * self.rows * self._columns * _FEW_LANES
        return is_wide(self.network) or size > _BYTES

    @property
    def row_bytes(self) -> int:
        """Memory of a row."""
        return 4 * self.lanes * (1 if self.is_indexed else self._columns)

    @property
    def _columns(self) -> int:
        """Numbers of a point that a row holds: features, class and, if there is one, weight."""
        return self.network.features + (2 if self.is_weighted else 1)

    def arrange(
        self,
        features: NDArray[np.float32],
        labels: NDArray[np.float32],
        own: NDArray[np.int32],
        weights: NDArray[np.float32] | None = None,
    ) -> tuple[tf.Tensor, ...]:
        """The points of a tile, for `read`.

        features: (points, features); labels: (points,), from 0 on; own: the own orders of the seeds
        in the first lanes, (seeds, own orders, points). The other lanes train on one point alone.
        weights: (points,), of the points in the loss, for a layout that is weighted.
        """
        places = np.zeros((self.rows + 1, self.lanes), dtype=np.int32)
        places[:-1, : len(own)] = own.reshape(len(own), self.rows).T
        written, of_padding = targets(labels, self.network.outputs)
        if self.is_indexed:
            places[-1] = self.points
            return (
                tf.constant(places),
                tf.constant(np.concatenate([features, features[:1]])),
                tf.constant(np.append(written, of_padding)),
                *(() if weights is None else (tf.constant(np.append(weights, np.float32(0))),)),
            )
        count = self.network.features
        laid = np.zeros((self.rows + 1, self._columns, self.lanes), dtype=np.float32)
        for number in range(count):
            laid[:, number] = features[places, number]
        laid[:-1, count] = written[places[:-1]]
        laid[-1, count] = of_padding
        if weights is not None:
            laid[:-1, count + 1] = weights[places[:-1]]
        return (tf.constant(laid),)

    def read(self, arranged: tuple[tf.Tensor, ...], rows: tf.Tensor) -> Batch:
        """The points of rows, shape (batch,)."""
        if not self.is_indexed:
            (laid,) = arranged
            batch, count = tf.gather(laid, rows), self.network.features
            weight = batch[:, count + 1 :] if self.is_weighted else None
            return Batch(batch[:, :count], batch[:, count : count + 1], weight)
        places, features, written, *weights = arranged
        found = tf.gather(places, rows)
        x = tf.gather(features, found)
        if not is_wide(self.network):
            x = tf.transpose(x, (0, 2, 1))
        target = tf.gather(written, found)[:, None, :]
        return Batch(x, target, tf.gather(weights[0], found)[:, None, :] if weights else None)


def layout_for(network: Network, points: int, *, is_weighted: bool = False) -> Layout:
    """The layout that trains these fastest within its share of memory.

    256 lanes of the smallest networks train 1.4 times as fast as 64, for each operation costs its
    call; 128 of those with up to 64 weights 1.2 times. Of larger ones a batch of so many lanes
    outgrows the processor's cache: 64 lanes of 64 features train 1.5 times as fast as 128. It does
    not depend on how many seeds are asked for: a program of another width may round otherwise.
    """
    count = network.weight_count
    lanes = next((lanes for most, lanes in _WIDTHS if count <= most), SEEDS_PER_BLOCK // 4)
    layout = Layout(network, points, lanes, is_weighted)
    while layout.lanes > 1 and layout.row_bytes * layout.rows > _BYTES:
        layout = replace(layout, lanes=layout.lanes // 2)
    return layout
