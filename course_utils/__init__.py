"""Helpers shared by the chapters of *What Recurrent Networks Learn*.

The package imports no framework: modules that need TensorFlow, PyTorch or pyplot import
them where they use them, so that ``import course_utils`` stays quick. Import it first: what it
sets has to be there before them.
"""

import contextlib
import os

# TensorFlow reads these once, when it is imported. Its start-up messages go to stderr, where
# the book build takes them for failures; the one about oneDNN comes at every log level.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

# onnxruntime would write an identifier into the reader's home and send reports on its use.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

# On Linux, PyTorch from the package index brings Triton along. Triton and TensorFlow carry an
# LLVM each: loaded after TensorFlow, as by an optimiser of PyTorch, Triton ends the process.
with contextlib.suppress(ImportError):
    import triton  # noqa: F401
