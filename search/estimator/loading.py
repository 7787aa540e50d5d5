"""TensorFlow, loaded without taking it away from whoever has it in the same process."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from search.problem.errors import LaunchError
from search.training.settings import SETTINGS


def load_tensorflow() -> None:
    """Load TensorFlow for training, with the settings of this project if nobody has loaded it.

    Where somebody has, its devices and threads stay as they are, and so does the environment.
    Importing it draws from the random generators of Python and NumPy: they are put back.

    Raises:
        LaunchError: If Keras is loaded with another backend.
    """
    with _random_states_kept():
        _load()


@contextmanager
def _random_states_kept() -> Iterator[None]:
    of_python, of_numpy = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(of_python)
        np.random.set_state(of_numpy)


def _load() -> None:
    if "tensorflow" not in sys.modules or "search.training.backend" in sys.modules:
        from search.training.backend import keras
    else:
        # It reads the environment when it is first used: that is made to happen before the change.
        sys.modules["tensorflow"].config.list_logical_devices()
        before = {name: os.environ.get(name) for name in SETTINGS}
        from search.training.backend import keras

        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
    if keras.config.backend() != "tensorflow":
        raise LaunchError(
            f"Keras was imported with the backend {keras.config.backend()!r} in this process; "
            "set KERAS_BACKEND=tensorflow before it is imported"
        )
