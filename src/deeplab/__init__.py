"""Keras experiments from configuration: networks as plain YAML, every run in MLflow."""

__version__ = "0.1.0"
