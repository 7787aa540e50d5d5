"""TensorFlow and Keras, imported in one place with the settings that the stack is measured with.

Importing this module costs seconds, so nothing that only reads the record may import it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

XLA_FLAGS = (
    # One thread per worker: the workers are the parallelism.
    "--xla_cpu_multi_thread_eigen=false",
    # 16 floats at a time where the machine has AVX-512, and LLVM's loop emitters instead of the
    # newer fusion emitters: together 1.25 times the restarts per second.
    "--xla_cpu_prefer_vector_width=512",
    "--xla_cpu_use_fusion_emitters=false",
)

SETTINGS = {
    "KERAS_BACKEND": "tensorflow",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "CUDA_VISIBLE_DEVICES": "-1",  # these networks are far too small to be worth a transfer
}

os.environ.update(SETTINGS)  # not setdefault: results and speed must not hang on a shell's settings
os.environ["XLA_FLAGS"] = " ".join(
    [
        os.environ.get("XLA_FLAGS", ""),
        *(flag for flag in XLA_FLAGS if flag not in os.environ.get("XLA_FLAGS", "")),
    ]
).strip()


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
