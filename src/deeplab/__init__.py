"""Keras experiments from configuration: networks as plain YAML, every run in MLflow."""

import os

__version__ = "0.1.0"

# Read when the libraries are first imported, wherever that happens. What Keras' own file says of another backend
# does not hold here; TensorFlow's notes about missing CUDA drivers are answered by `deeplab doctor`.
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
