"""What a run is in MLflow."""
