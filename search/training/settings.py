"""The settings of TensorFlow and XLA that the stack is measured with."""

from __future__ import annotations

import os

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


def apply_settings() -> None:
    """Set the environment; before TensorFlow is imported, which reads it once.

    What is set already is replaced: results and speed must not depend on a shell's settings.
    """
    os.environ.update(SETTINGS)
    flags = os.environ.get("XLA_FLAGS", "")
    ours = (flag for flag in XLA_FLAGS if flag not in flags)
    os.environ["XLA_FLAGS"] = " ".join([flags, *ours]).strip()
