"""Look inside a trained network."""
