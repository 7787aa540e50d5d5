"""The optimizers on offer: Keras's own classes under short names.

Only optimizers that update each weight from its own gradient alone are offered, for these are
the ones that can train many restarts in one variable. Those that couple weights (gradient norms,
LAMB, Adafactor, Muon) would let one restart change its neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

OPTIMIZERS: Mapping[str, tuple[str, Mapping[str, object]]] = MappingProxyType(
    {
        "sgd": ("SGD", {}),
        "momentum": ("SGD", {"momentum": 0.9}),
        "nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}),
        "rmsprop": ("RMSprop", {}),
        "adam": ("Adam", {}),
        "adamw": ("AdamW", {}),
        "nadam": ("Nadam", {}),
        "adamax": ("Adamax", {}),
        "adagrad": ("Adagrad", {}),
        "adadelta": ("Adadelta", {}),
        "ftrl": ("Ftrl", {}),
        "lion": ("Lion", {}),
    }
)
"""Short name -> (class in `keras.optimizers`, arguments beside the learning rate)."""
