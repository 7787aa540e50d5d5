"""TensorFlow and Keras, imported in one place with the settings that the stack is measured with.

Importing this module costs seconds, so nothing that only reads the record may import it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from search.training.settings import apply_settings

apply_settings()


@contextmanager
def _without_banners() -> Iterator[None]:
    """Keep what TensorFlow's native start-up writes to stderr from people's terminals.

    It writes to the file descriptor, before any setting of its logs counts. What goes wrong is
    raised all the same.
    """
    saved = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a device, for its descriptor
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


with _without_banners():
    import keras
    import tensorflow as tf

    tf.zeros(()).numpy()  # the first tensor looks for devices, and reports on it

# One process compiles one program per optimizer on purpose; TensorFlow takes that for a mistake.
tf.get_logger().setLevel("ERROR")

__all__ = ["keras", "tf"]
