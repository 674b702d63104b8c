"""A training as a plain Keras script."""
