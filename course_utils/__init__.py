"""Helpers shared by the chapters of *What Recurrent Networks Learn*.

The package imports no framework: modules that need TensorFlow, PyTorch or pyplot import
them where they use them, so that ``import course_utils`` stays quick.
"""

import os

# TensorFlow reads these once, when it is imported. Its start-up messages go to stderr, where
# the book build takes them for failures; the one about oneDNN comes at every log level.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

# onnxruntime would write an identifier into the reader's home and send reports on its use.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
